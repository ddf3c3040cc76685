/* A simulated core that wants to be polled again and again and never answers, in the way that is defined. */
#include "mqscript_core.h"

static int nothing;

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error) {
  (void)host, (void)options, (void)run, (void)seed, (void)error;
  *core = (mqs_core *)&nothing;
  *capabilities = MQS_SIMULATED;
  return MQS_OK;
}

static void destroy(mqs_core *core) { (void)core; }

static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error) {
  (void)open, (void)error;
  *session = (mqs_session *)core;
  return MQS_OK;
}

static void close_session(mqs_session *session) { (void)session; }

static void wish(uint64_t now_ns, mqs_out *out) {
  (void)now_ns, (void)out;
#if defined DUE_AT_ONCE || defined TAKES_NOTHING
  out->next_due_ns = now_ns;
#elif defined DUE_SOON
  out->next_due_ns = now_ns + 1;
#elif defined DUE_LATER
  out->next_due_ns = now_ns + 1000;
#elif defined MORE_FOR_EVER
  out->flags |= MQS_OUT_MORE;
#endif
}

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error) {
  (void)session, (void)messages, (void)error;
#ifdef TAKES_NOTHING
  *accepted = n > 1;
#else
  *accepted = n;
#endif
  wish(now_ns, out);
  return MQS_OK;
}

static int32_t poll_session(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error) {
  (void)session, (void)error;
  wish(now_ns, out);
  return MQS_OK;
}

static const mqs_core_vtable FUNCTIONS = {.struct_size = sizeof FUNCTIONS, .create = create, .destroy = destroy,
    .open = open_session, .close = close_session, .publish = publish, .poll = poll_session};
static const mqs_core_descriptor CORE = {.struct_size = sizeof CORE, .capabilities = MQS_SIMULATED,
    .id = MQS_STR("never_done"), .summary = MQS_STR("Never answers"),
    .options_schema = MQS_STR("{\"type\": \"object\", \"properties\": {}}"), .vtable = &FUNCTIONS};
static const mqs_core_descriptor *const CORES[] = {&CORE};
static const mqs_plugin_descriptor PLUGIN = {.struct_size = sizeof PLUGIN, .abi = MQS_ABI,
    .name = MQS_STR("never_done"), .version = MQS_STR("0.1.0"), .cores = CORES, .cores_len = 1};

uint32_t mqs_plugin_abi(void) { return MQS_ABI; }
const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host) { (void)host; return &PLUGIN; }
