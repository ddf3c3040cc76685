/* Cores in C for the tests: one small core, bent by macros. */
#define _POSIX_C_SOURCE 200809L
#include "mqscript_core.h"
#include <fcntl.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef AT
#define AT now_ns + 1000
#endif
#ifndef ABI
#define ABI MQS_ABI
#endif
#ifndef CAPABILITIES
#define CAPABILITIES MQS_SIMULATED
#endif
#ifndef ID
#define ID "small"
#endif
#ifndef SCHEMA
#define SCHEMA "{\"type\": \"object\", \"properties\": {}}"
#endif
#ifndef RECEIVERS_MAX
#define RECEIVERS_MAX 9
#endif

#ifdef TRACES
/* Which functions are called, in order, in the file that a variable names. */
#define TRACE(name)                                        \
  do {                                                     \
    FILE *file = fopen(getenv("MQSCRIPT_TEST_TRACE"), "a"); \
    fputs(name " ", file);                                 \
    fclose(file);                                          \
  } while (0)
#else
#define TRACE(name) (void)0
#endif

struct mqs_core {
  const mqs_host *host;
  uint32_t reason;
};

struct mqs_session {
  mqs_core *core;
  mqs_inner inner;
  uint64_t published;
};

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed,
                      mqs_core **core, uint64_t *capabilities, mqs_error *error)
{
  (void)options;
  (void)run;
  (void)seed;
  (void)error;
  TRACE("create");
#ifdef CREATE_FAILS
  return mqs_fail(error, MQS_CONNECT, "nobody listens");
#endif
#ifdef CREATE_HANGS
  for (;;)
    pause();
#endif
#ifdef CREATES
  CREATES;
#endif
  *capabilities = CAPABILITIES;
#ifdef OVERCLAIMS
  *capabilities |= MQS_DURABLE;
#endif
#ifndef NO_CORE
  *core = malloc(sizeof **core);
  (*core)->host = host;
  {
    mqs_str reason = MQS_STR("full");
    mqs_str text = MQS_STR("the queue is full");
#ifndef NO_EVENT
    (*core)->reason = host->intern(host, reason);
    host->event(host, (*core)->reason, host->now_ns(host), text);
#else
    (void)text;
    (void)reason;
#endif
  }
#else
  (void)core;
  (void)host;
#endif
  return MQS_OK;
}

static void destroy(mqs_core *core)
{
  mqs_str text = MQS_STR("gone");
  TRACE("destroy");
  core->host->log(core->host, MQS_LOG_INFO, text);
  free(core);
}

static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error)
{
  (void)error;
  TRACE("open");
#ifdef OPENS
  OPENS;
#endif
  *session = calloc(1, sizeof **session);
  (*session)->core = core;
  if (open->inner != NULL)
    (*session)->inner = *open->inner;
  core->host->wake(core->host, open->waker);
  return MQS_OK;
}

static void close_session(mqs_session *session)
{
  TRACE("close");
  free(session);
}

#ifdef TRACES
static int32_t prepare(mqs_core *core, mqs_error *error)
{
  (void)core;
  (void)error;
  TRACE("prepare");
#ifdef PREPARES
  PREPARES;
#endif
  return MQS_OK;
}

static int32_t clean(mqs_core *core, mqs_error *error)
{
  (void)core;
  (void)error;
  TRACE("clean");
  return MQS_OK;
}
#endif

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error)
{
  uint32_t i;
  (void)error;
  session->published += n;
#ifdef TRACES
  TRACE("publish");
  /* As the header has it. */
  if (*accepted != 0 || error == NULL || error->buf == NULL || error->cap < 512 || out->deliveries_cap != 0 ||
      out->outcomes_cap - out->outcomes_len < n)
    abort();
#endif
#ifdef DOES
  DOES;
#endif
#ifdef LAYERED
  {
    /* A layer that delays everything by a microsecond. */
    uint32_t first = out->outcomes_len;
    int32_t status = session->inner.publish(session->inner.handle, now_ns, messages, n, accepted, out, error);
    for (i = first; i < out->outcomes_len; i++)
      out->outcomes[i].at_ns += 1000;
#ifdef HIDES_FAILURES
    return MQS_OK;
#endif
    return status;
  }
#endif
#ifdef REFUSES_TO_GO_ON
  mqs_add_outcome(out, messages[0].token, 1, MQS_DELIVERED, 0, now_ns);
  *accepted = 1;
  return mqs_fail(error, MQS_IO, "the disk is gone");
#endif
#ifdef TOO_MANY
  *accepted = n + 1;
  return MQS_OK;
#endif
#ifdef REWINDS
  out->outcomes_len = out->outcomes_cap + 5;
  return MQS_OK;
#endif
#ifdef NO_COUNT
  mqs_add_outcome(out, messages[0].token, 0, MQS_DELIVERED, 0, now_ns);
  *accepted = n;
  return MQS_OK;
#endif
#ifdef BAD_RESULT
  mqs_add_outcome(out, messages[0].token, 1, 77, 0, now_ns);
  *accepted = n;
  return MQS_OK;
#endif
#ifdef DELIVERS
  {
    mqs_delivery *delivery = &out->deliveries[out->deliveries_len++];
    memset(delivery, 0, sizeof *delivery);
    delivery->recipient_id = 0;
    delivery->at_ns = now_ns;
    DELIVERS;
  }
#endif
  for (i = 0; i < n; i++)
    mqs_add_outcome(out, messages[i].token, 1, i % 2 ? MQS_REFUSED : MQS_DELIVERED,
                    i % 2 ? session->core->reason : 0, AT);
  *accepted = n;
  out->next_due_ns = now_ns + 500;
  out->flags |= MQS_OUT_MORE;
  return MQS_OK;
}

static int32_t poll(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error)
{
#ifdef POLLS
  POLLS;
#endif
#ifdef LAYERED
  return session->inner.poll(session->inner.handle, now_ns, out, error);
#else
  (void)session;
  (void)now_ns;
  (void)out;
  (void)error;
  return MQS_OK;
#endif
}

#if !defined(SHORT) && !defined(LAYERED)
static int32_t stats(mqs_core *core, uint8_t *buf, uint64_t cap, uint64_t *len, mqs_error *error)
{
  static char text[6000];
  (void)core;
  (void)error;
  memset(text, ' ', sizeof text);
  memcpy(text, "{\"written\": 3", 13);
  text[sizeof text - 1] = '}';
  *len = sizeof text;
  memcpy(buf, text, cap < sizeof text ? cap : sizeof text);
  return MQS_OK;
}
#endif

#ifdef SHORT
/* A library built when the table ended after `poll`. */
static const struct {
  uint32_t struct_size, reserved;
  int32_t (*create)(const mqs_host *, mqs_str, const mqs_run *, uint64_t, mqs_core **, uint64_t *, mqs_error *);
  void (*destroy)(mqs_core *);
  int32_t (*open)(mqs_core *, const mqs_open *, mqs_session **, mqs_error *);
  void (*close)(mqs_session *);
  int32_t (*publish)(mqs_session *, uint64_t, const mqs_message *, uint32_t, uint32_t *, mqs_out *, mqs_error *);
  int32_t (*poll)(mqs_session *, uint64_t, mqs_out *, mqs_error *);
  void (*not_a_function)(void);
} vtable = {offsetof(mqs_core_vtable, acknowledge), 0, create, destroy, open_session, close_session, publish,
            poll, (void (*)(void))(size_t)0x10};
#else
static const mqs_core_vtable vtable = {
    .struct_size = sizeof(mqs_core_vtable),
    .create = create,
    .destroy = destroy,
    .open = open_session,
    .close = close_session,
#ifndef NO_PUBLISH
    .publish = publish,
#endif
    .poll = poll,
#ifndef LAYERED
    .stats = stats,
#endif
#ifdef TRACES
    .prepare = prepare,
    .clean = clean,
#endif
};
#endif

static const mqs_core_descriptor core = {
    .struct_size = sizeof(mqs_core_descriptor),
    .receivers_max = RECEIVERS_MAX,
    .capabilities = CAPABILITIES,
    .id = MQS_STR(ID),
    .summary = MQS_STR("A small core"),
    .options_schema = MQS_STR(SCHEMA),
#ifndef NO_VTABLE
    .vtable = (const mqs_core_vtable *)&vtable,
#endif
};

static const mqs_core_descriptor *const cores[] = {&core};

static const mqs_plugin_descriptor plugin = {
    .struct_size = sizeof(mqs_plugin_descriptor),
    .abi = ABI,
    .name = MQS_STR("small library"),
    .version = MQS_STR("1.2.3"),
    .cores = cores,
    .cores_len = 1,
};

uint32_t mqs_plugin_abi(void)
{
  return ABI;
}

#ifndef NO_ENTRY
const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host)
{
#ifdef NULL_ENTRY
  mqs_str text = MQS_STR("the moon is not full");
  host->log(host, MQS_LOG_ERROR, text);
  return NULL;
#endif
  (void)host;
  (void)publish;
  return &plugin;
}
#endif
