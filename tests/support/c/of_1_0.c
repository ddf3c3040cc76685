/* A core as it was written for version 1.0 of the contract: built with the header of that version, which is kept here as it
 * was. Simulated; hands every copy over at once and counts what is acknowledged. */
#include "mqscript_core_1_0.h"
#include <stdio.h>
#include <stdlib.h>

struct mqs_core {
  const mqs_run *run;
  uint64_t copies, acknowledged;
};

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error)
{
  (void)options;
  (void)seed;
  /* What 1.0 knows of the run must be there, at its place, and what it reserves be zero. */
  if (host->abi >> 16 != 1 || run->struct_size < sizeof(mqs_run) || run->reserved != 0)
    return mqs_fail(error, MQS_INVALID, "no run of 1.0");
  *core = calloc(1, sizeof **core);
  (*core)->run = run;
  *capabilities = MQS_SIMULATED | MQS_RECEIVES | MQS_CONFIRMS;
  return MQS_OK;
}

static void destroy(mqs_core *core)
{
  free(core);
}

static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error)
{
  (void)open;
  (void)error;
  *session = (mqs_session *)core;
  return MQS_OK;
}

static void close_session(mqs_session *session)
{
  (void)session;
}

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error)
{
  mqs_core *core = (mqs_core *)session;
  (void)error;
  for (*accepted = 0; *accepted < n; ++*accepted) {
    const mqs_message *message = &messages[*accepted];
    if (core->run->receive && out->deliveries_len == out->deliveries_cap) {
      out->next_due_ns = now_ns + 1000;
      break;
    }
    mqs_add_outcome(out, message->token, 1, MQS_DELIVERED, 0, now_ns);
    /* 1.0 knows no queue that is shared: what is for another party is for nobody. */
    if (core->run->receive && (message->recipient_id == MQS_ALL || message->recipient_id < core->run->agents)) {
      mqs_delivery *delivery = &out->deliveries[out->deliveries_len++];
      memset(delivery, 0, sizeof *delivery);
      delivery->stamp = message->stamp;
      delivery->recipient_id = message->recipient_id;
      delivery->at_ns = now_ns;
      delivery->ack_tag = ++core->copies;
    }
  }
  return MQS_OK;
}

static int32_t poll(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error)
{
  (void)session;
  (void)now_ns;
  (void)out;
  (void)error;
  return MQS_OK;
}

static int32_t acknowledge(mqs_session *session, uint64_t now_ns, const uint64_t *tags, uint32_t n, uint32_t kind,
                           mqs_out *out, mqs_error *error)
{
  (void)now_ns;
  (void)tags;
  (void)out;
  if (kind != MQS_ACK)
    return mqs_fail(error, MQS_INVALID, "1.0 has one kind of acknowledgement");
  ((mqs_core *)session)->acknowledged += n;
  return MQS_OK;
}

static int32_t stats(mqs_core *core, uint8_t *buf, uint64_t cap, uint64_t *len, mqs_error *error)
{
  char text[100];
  int written = snprintf(text, sizeof text, "{\"copies\": %llu, \"acknowledged\": %llu}",
                         (unsigned long long)core->copies, (unsigned long long)core->acknowledged);
  (void)error;
  *len = (uint64_t)written;
  memcpy(buf, text, cap < *len ? cap : *len);
  return MQS_OK;
}

static const mqs_core_vtable FUNCTIONS = {
    .struct_size = sizeof FUNCTIONS,
    .create = create,
    .destroy = destroy,
    .open = open_session,
    .close = close_session,
    .publish = publish,
    .poll = poll,
    .acknowledge = acknowledge,
    .stats = stats,
};
static const mqs_core_descriptor CORE = {
    .struct_size = sizeof CORE,
    .receivers_max = MQS_ALL,
    .capabilities = MQS_SIMULATED | MQS_RECEIVES | MQS_CONFIRMS,
    .id = MQS_STR("of_1_0"),
    .summary = MQS_STR("Written for version 1.0 of the contract"),
    .options_schema = MQS_STR("{\"type\": \"object\", \"properties\": {}}"),
    .vtable = &FUNCTIONS,
};
static const mqs_core_descriptor *const CORES[] = {&CORE};
static const mqs_plugin_descriptor PLUGIN = {
    .struct_size = sizeof PLUGIN,
    .abi = MQS_ABI,
    .name = MQS_STR("of_1_0"),
    .version = MQS_STR("1.0.0"),
    .cores = CORES,
    .cores_len = 1,
};

uint32_t mqs_plugin_abi(void)
{
  return MQS_ABI;
}

const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host)
{
  (void)host;
  return &PLUGIN;
}
