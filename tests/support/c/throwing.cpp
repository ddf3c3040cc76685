// A core in C++ that lets an exception out of the call that its option names, or out of a place that is defined.
extern "C" {
#include "mqscript_core.h"
}
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

static std::string where;
static int published;

static void throw_in(const char *place) {
  if (where == place) throw std::runtime_error(place);
}

#ifdef THROWS_LOADING
static int loading() { throw std::runtime_error("loading"); }
static int loaded = loading();
#endif
#ifdef THROWS_UNLOADING
struct Unloading {
  ~Unloading() noexcept(false) { throw std::runtime_error("unloading"); }
};
static Unloading unloading;
#endif

static int32_t create(const mqs_host *, mqs_str options, const mqs_run *, uint64_t, mqs_core **core,
                      uint64_t *capabilities, mqs_error *) {
  std::string text(reinterpret_cast<const char *>(options.ptr), options.len);
  auto start = text.find("\"where\":\"") + 9;
  where = text.substr(start, text.find('"', start) - start);
  throw_in("create");
  *core = reinterpret_cast<mqs_core *>(&published);
  *capabilities = MQS_SIMULATED;
  return MQS_OK;
}

static void destroy(mqs_core *) { throw_in("destroy"); }

static int32_t open_session(mqs_core *core, const mqs_open *, mqs_session **session, mqs_error *) {
  throw_in("open");
#ifdef THROWS_THREAD
  std::thread([] { throw std::runtime_error("thread"); }).detach();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
#endif
  *session = reinterpret_cast<mqs_session *>(core);
  return MQS_OK;
}

static void close_session(mqs_session *) { throw_in("close"); }

static int32_t publish(mqs_session *, uint64_t now_ns, const mqs_message *messages, uint32_t n, uint32_t *accepted,
                       mqs_out *out, mqs_error *) {
  if (++published > 300) throw_in("publish");
  mqs_add_outcome(out, messages[0].token, n, MQS_DELIVERED, 0, now_ns + 1000);
  out->next_due_ns = now_ns + 1000000;
  *accepted = n;
  return MQS_OK;
}

static int32_t poll_session(mqs_session *, uint64_t, mqs_out *, mqs_error *) {
  throw_in("poll");
  return MQS_OK;
}

static mqs_str text(const char *of) { return {reinterpret_cast<const uint8_t *>(of), strlen(of)}; }

static mqs_core_vtable functions;
static mqs_core_descriptor core;
static const mqs_core_descriptor *cores[] = {&core};
static mqs_plugin_descriptor plugin;

extern "C" {
uint32_t mqs_plugin_abi(void) { return MQS_ABI; }

const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *) {
#ifdef THROWS_ENTRY
  throw std::runtime_error("entry");
#endif
  functions.struct_size = sizeof functions;
  functions.create = create;
  functions.destroy = destroy;
  functions.open = open_session;
  functions.close = close_session;
  functions.publish = publish;
  functions.poll = poll_session;
  core.struct_size = sizeof core;
  core.capabilities = MQS_SIMULATED;
  core.id = text("throwing");
  core.summary = text("Throws");
  core.options_schema = text("{\"type\": \"object\", \"properties\": {\"where\": {\"type\": \"string\", \"default\": "
                             "\"publish\", \"description\": \"In which call\"}}}");
  core.vtable = &functions;
  plugin.struct_size = sizeof plugin;
  plugin.abi = MQS_ABI;
  plugin.name = text("throwing");
  plugin.version = text("0.1.0");
  plugin.cores = cores;
  plugin.cores_len = 1;
  return &plugin;
}
}
