/* steady: a complete core in C. Delivers after a constant time and refuses a share of the attempts, by keyed luck:
 * the same seed gives each message the same fate. No clock, no files, no threads: it runs on the virtual clock. */
#include "mqscript_core.h"
#include <stdlib.h>

static const char OPTIONS[] = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"latency_us\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 3600000000, \"default\": 5000,"
    " \"description\": \"From acceptance to outcome, in microseconds\"},"
    "\"refuse_percent\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 100, \"default\": 0,"
    " \"description\": \"Attempts that are refused, in percent\"}}}";

struct mqs_core { uint64_t latency_ns, refuse_percent, seed; uint32_t reason; };

/* The host has checked the options and filled in the defaults: the key is there, and its value is an integer. */
static uint64_t option(mqs_str json, const char *key) {
  uint64_t value = 0, i = 0;
  while (i + strlen(key) < json.len && memcmp(json.ptr + i, key, strlen(key)) != 0) i++;
  for (i += strlen(key); i < json.len && json.ptr[i] != ',' && json.ptr[i] != '}'; i++)
    if (json.ptr[i] >= '0' && json.ptr[i] <= '9') value = value * 10 + (uint64_t)(json.ptr[i] - '0');
  return value;
}

static uint64_t mix(uint64_t x) { /* MurmurHash3's finaliser in Stafford's variant 13 */
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error) {
  (void)run;
  if ((*core = calloc(1, sizeof **core)) == NULL) return mqs_fail(error, MQS_INTERNAL, "out of memory");
  (*core)->latency_ns = option(options, "\"latency_us\"") * 1000;
  (*core)->refuse_percent = option(options, "\"refuse_percent\"");
  (*core)->reason = host->intern(host, (mqs_str)MQS_STR("refused_by_luck"));
  (*core)->seed = seed;
  *capabilities = MQS_SIMULATED;
  return MQS_OK;
}

static void destroy(mqs_core *core) { free(core); }

static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error) {
  (void)open, (void)error;
  *session = (mqs_session *)core; /* a session needs nothing of its own */
  return MQS_OK;
}

static void close_session(mqs_session *session) { (void)session; }

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error) {
  const mqs_core *core = (const mqs_core *)session;
  (void)error;
  for (*accepted = 0; *accepted < n; ++*accepted) {
    const mqs_message *message = &messages[*accepted];
    uint64_t luck = mix(mix(mix(core->seed ^ message->stamp.sender) + message->stamp.sequence) + message->attempt);
    int refused = luck % 100 < core->refuse_percent;
    if (!mqs_add_outcome(out, message->token, 1, refused ? MQS_REFUSED : MQS_DELIVERED, refused ? core->reason : 0,
                         now_ns + core->latency_ns)) break; /* no room: the rest is offered again */
  }
  return MQS_OK;
}
static int32_t poll(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error) {
  (void)session, (void)now_ns, (void)out, (void)error; /* publish has said it all */
  return MQS_OK;
}

static const mqs_core_vtable FUNCTIONS = {.struct_size = sizeof FUNCTIONS, .create = create, .destroy = destroy,
    .open = open_session, .close = close_session, .publish = publish, .poll = poll};
static const mqs_core_descriptor CORE = {.struct_size = sizeof CORE, .capabilities = MQS_SIMULATED,
    .id = MQS_STR("steady"), .summary = MQS_STR("Delivers after a constant time"),
    .options_schema = MQS_STR(OPTIONS), .vtable = &FUNCTIONS};
static const mqs_core_descriptor *const CORES[] = {&CORE};
static const mqs_plugin_descriptor PLUGIN = {.struct_size = sizeof PLUGIN, .abi = MQS_ABI, .name = MQS_STR("steady"),
    .version = MQS_STR("0.1.0"), .cores = CORES, .cores_len = 1};

uint32_t mqs_plugin_abi(void) { return MQS_ABI; }
const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host) { (void)host; return &PLUGIN; }
