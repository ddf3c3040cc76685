// journal: a complete live core in C++. Appends each message to a file, on a thread of its own: its stamp, the length
// of its content, the content. No exception crosses the border: whatever the host calls is guarded.
#include "mqscript_core.h"
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static const size_t WAITING_MAX = 4096; // messages that wait for the disk: no more are accepted
static const uint64_t CAPABILITIES = MQS_CONFIRMS | MQS_READS_CONTENT | MQS_TOUCHES_FILES;
static const char OPTIONS[] = R"({"type": "object", "additionalProperties": false, "required": ["path"], "properties":
  {"path": {"type": "string", "description": "The file to append to"}}})";

template <class Body> static int32_t guarded(mqs_error *error, int32_t status, Body body) noexcept {
  try { return body(), MQS_OK; }
  catch (const std::exception &thrown) { return mqs_fail(error, status, thrown.what()); }
  catch (...) { return mqs_fail(error, MQS_INTERNAL, "something was thrown that is no exception"); }
}

struct mqs_core { const mqs_host *host; std::string path; uint32_t not_written; };
struct line { uint64_t token; std::string text; };

struct mqs_session {
  const mqs_core &core;
  const uint64_t waker;
  std::ofstream file;
  std::mutex mutex; // guards the next two lines
  std::vector<line> waiting; std::vector<mqs_outcome> answers;
  bool closing = false, broken = false;
  std::condition_variable changed;
  std::thread writer;

  mqs_session(const mqs_core &of, uint64_t with) : core(of), waker(with), file(of.path, std::ios::app) {
    if (!file) throw std::runtime_error("cannot append to " + core.path);
    writer = std::thread([this] {
      if (guarded(nullptr, MQS_INTERNAL, [this] { while (write()) wake(); }) == MQS_OK) return;
      { std::lock_guard<std::mutex> lock(mutex); broken = true; } // no memory, say: the next poll tells
      wake();
    });
  }
  ~mqs_session() {
    { std::lock_guard<std::mutex> lock(mutex); closing = true; }
    changed.notify_one();
    writer.join();
  }
  void wake() { core.host->wake(core.host, waker); }
  bool write() { // everything that waits, with one flush; false: the session closes
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [this] { return closing || !waiting.empty(); });
    if (closing) return false;
    std::vector<line> batch;
    batch.swap(waiting);
    lock.unlock();
    for (const line &next : batch) file << next.text;
    const bool good = !!file.flush(); // if not, some lines may be there all the same
    const uint64_t at_ns = core.host->now_ns(core.host); // taken where the answer is seen
    file.clear();
    lock.lock();
    for (const line &next : batch) answers.push_back({next.token, 1, uint32_t(good ? MQS_DELIVERED : MQS_UNCERTAIN),
                                                      good ? 0 : core.not_written, 0, at_ns, 0});
    return true;
  }
  void take(const mqs_message &message) {
    std::string text(MQS_STAMP_TEXT_LEN, ' ');
    mqs_stamp_encode(&message.stamp, &text[0]);
    text += ' ' + std::to_string(message.content.len) + ' ';
    if (message.content.len) text.append(reinterpret_cast<const char *>(message.content.ptr), message.content.len);
    waiting.push_back({message.token, text + '\n'});
  }
};

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *, uint64_t, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error) noexcept {
  return guarded(error, MQS_CONFIG, [&] { // the host has checked the options: {"path":"…"}
    const std::string json(reinterpret_cast<const char *>(options.ptr), options.len);
    if (json.find('\\') != json.npos) throw std::runtime_error("path: no quotes and backslashes, please");
    const size_t from = json.find('"', json.find(':')) + 1, to = json.find('"', from);
    *core = new mqs_core{host, json.substr(from, to - from), host->intern(host, MQS_STR("not_written"))};
    *capabilities = CAPABILITIES;
  });
}
static void destroy(mqs_core *core) noexcept { delete core; }
static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error) noexcept {
  return guarded(error, MQS_IO, [&] { *session = new mqs_session(*core, open->waker); });
}
static void close_session(mqs_session *session) noexcept { delete session; }
static int32_t publish(mqs_session *session, uint64_t, const mqs_message *messages, uint32_t n, uint32_t *accepted,
                       mqs_out *, mqs_error *error) noexcept {
  return guarded(error, MQS_INTERNAL, [&] {
    std::lock_guard<std::mutex> lock(session->mutex);
    for (*accepted = 0; *accepted < n && session->waiting.size() < WAITING_MAX; ++*accepted)
      session->take(messages[*accepted]); // everything is copied: the host's memory is borrowed for the call
    session->changed.notify_one();
  });
}
static int32_t poll(mqs_session *session, uint64_t, mqs_out *out, mqs_error *error) noexcept {
  return guarded(error, MQS_INTERNAL, [&] {
    std::lock_guard<std::mutex> lock(session->mutex);
    if (session->broken) throw std::runtime_error("the writing thread has failed");
    size_t told = 0;
    for (auto &next : session->answers)
      told += size_t(mqs_add_outcome(out, next.first, next.count, next.result, next.reason, next.at_ns));
    session->answers.erase(session->answers.begin(), session->answers.begin() + std::ptrdiff_t(told));
    if (!session->answers.empty()) out->flags |= MQS_OUT_MORE; // no room for them: the host polls again
  });
}

static const mqs_core_vtable FUNCTIONS = {sizeof FUNCTIONS, 0, create, destroy, open_session, close_session, publish,
    poll, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
static const mqs_core_descriptor CORE = {sizeof CORE, MQS_ALL, CAPABILITIES, MQS_STR("journal"),
    MQS_STR("Appends each message to a file"), MQS_STR(OPTIONS), &FUNCTIONS};
static const mqs_core_descriptor *const CORES[] = {&CORE};
static const mqs_plugin_descriptor PLUGIN = {sizeof PLUGIN, MQS_ABI, 0, MQS_STR("journal"), MQS_STR("0.1.0"), CORES,
    1, 0};
uint32_t mqs_plugin_abi(void) { return MQS_ABI; }
const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *) { return &PLUGIN; }
