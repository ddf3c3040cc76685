/* A core that says it is simulated, and tries at a place of your choice what a simulated core must not. */
#define _GNU_SOURCE
#include "mqscript_core.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

struct mqs_core {
  char violation[64], where[64];
};

struct mqs_session {
  mqs_core *core;
  mqs_inner inner;
};

/* As a layer it hands all calls down. */
#ifdef LAYER
enum { IS_LAYER = 1, CAN = MQS_SIMULATED | MQS_LAYER };
#define NAME MQS_STR("liar_layer")
#else
enum { IS_LAYER = 0, CAN = MQS_SIMULATED };
#define NAME MQS_STR("liar")
#endif

static int is(const char *violation, const char *name)
{
  return strcmp(violation, name) == 0;
}

static void try(const char *violation)
{
  char *const none[] = {NULL};
  char *const program[] = {"/bin/true", NULL};
  struct sockaddr_in6 nowhere = {.sin6_family = AF_INET6, .sin6_port = 9};
  pid_t child;
  int made;
  if (is(violation, "read"))
    (void)!open("/etc/passwd", O_RDONLY);
  if (is(violation, "write"))
    (void)!open("/tmp/mqscript_was_here", O_WRONLY | O_CREAT, 0600);
  if (is(violation, "remove"))
    (void)!unlink("/tmp/mqscript_was_here");
  if (is(violation, "remove the victim"))
    (void)!unlink(getenv("MQSCRIPT_TEST_VICTIM"));
  if (is(violation, "rewrite the victim"))
    close(open(getenv("MQSCRIPT_TEST_VICTIM"), O_WRONLY | O_TRUNC));
  if (is(violation, "write into descriptors")) {
    int number;
    for (number = 3; number < 256; number++) {
      struct stat found;
      if (fstat(number, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink > 0 && write(number, "spoilt", 6) == 6)
        (void)!ftruncate(number, 3);
    }
  }
  if (is(violation, "socket"))
    (void)!socket(AF_INET, SOCK_STREAM, 0);
  if (is(violation, "connect"))
    (void)!connect(0, (struct sockaddr *)&nowhere, sizeof nowhere);
  if (is(violation, "local socket"))
    (void)!socket(AF_UNIX, SOCK_DGRAM, 0);
  if (is(violation, "fork") && fork() == 0)
    _exit(0);
  if (is(violation, "spawn"))
    (void)!posix_spawn(&child, "/bin/true", NULL, NULL, program, none);
  if (is(violation, "shell"))
    (void)!system("true");
  if (is(violation, "exec"))
    (void)!execve("/bin/true", program, none);
  if (is(violation, "ptrace"))
    (void)!ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
  if (is(violation, "kill"))
    (void)!kill(1, 0);
  if (is(violation, "io_uring"))
    (void)!syscall(SYS_io_uring_setup, 4, NULL);
  if (is(violation, "die"))
    abort();
  if (is(violation, "memory file")) {
    made = memfd_create("program", 0);
    (void)!fexecve(made, program, none);
  }
}

static void *in_thread(void *core)
{
  try(((mqs_core *)core)->violation);
  return NULL;
}

__attribute__((constructor)) static void when_loaded(void)
{
  const char *violation = getenv("MQSCRIPT_TEST_VIOLATION");
  if (violation != NULL)
    try(violation);
}

static void at(mqs_core *core, const char *where)
{
  if (is(core->where, where))
    try(core->violation);
}

/* The text of an option, if it is there. */
static void option(mqs_str options, const char *key, char *into)
{
  char start[80];
  const char *found;
  size_t length = 0;
  snprintf(start, sizeof start, "\"%s\":\"", key);
  found = memmem(options.ptr, options.len, start, strlen(start));
  if (found == NULL)
    return;
  for (found += strlen(start); found[length] != '"' && length < 63; length++)
    into[length] = found[length];
}

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error)
{
  (void)host, (void)run, (void)seed, (void)error;
  *capabilities = CAN;
  *core = calloc(1, sizeof **core);
  option(options, "violation", (*core)->violation);
  option(options, "where", (*core)->where);
  /* For runs whose cores cannot be given options. */
  if (getenv("MQSCRIPT_TEST_PUBLISH") != NULL) {
    strncpy((*core)->violation, getenv("MQSCRIPT_TEST_PUBLISH"), 63);
    strcpy((*core)->where, "publish");
  }
  at(*core, "create");
  return MQS_OK;
}

static void destroy(mqs_core *core)
{
  at(core, "destroy");
  free(core);
}

static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error)
{
  pthread_t thread;
  (void)error;
  *session = calloc(1, sizeof **session);
  (*session)->core = core;
  if (IS_LAYER)
    (*session)->inner = *open->inner;
  at(core, "open");
  if (is(core->where, "a thread") && pthread_create(&thread, NULL, in_thread, core) == 0)
    pthread_join(thread, NULL);
  return MQS_OK;
}

static void close_session(mqs_session *session)
{
  at(session->core, "close");
  free(session);
}

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error)
{
  int32_t status;
  if (messages[0].token > 100)
    at(session->core, "publish");
  if (IS_LAYER) {
    status = session->inner.publish(session->inner.handle, now_ns, messages, n, accepted, out, error);
    if (messages[0].token > 100)
      at(session->core, "after publish");
    return status;
  }
  mqs_add_outcome(out, messages[0].token, n, MQS_DELIVERED, 0, now_ns + 1000);
  *accepted = n;
  return MQS_OK;
}

static int32_t poll(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error)
{
  at(session->core, "poll");
  return IS_LAYER ? session->inner.poll(session->inner.handle, now_ns, out, error) : MQS_OK;
}

static int32_t flush(mqs_session *session, uint64_t now_ns, mqs_error *error)
{
  (void)now_ns, (void)error;
  at(session->core, "flush");
  return MQS_OK;
}

static int32_t stats(mqs_core *core, uint8_t *buf, uint64_t cap, uint64_t *len, mqs_error *error)
{
  (void)buf, (void)cap, (void)error;
  at(core, "stats");
  *len = 0;
  return MQS_OK;
}

static const mqs_core_vtable vtable = {
    .struct_size = sizeof(mqs_core_vtable),
    .create = create,
    .destroy = destroy,
    .open = open_session,
    .close = close_session,
    .publish = publish,
    .poll = poll,
    .flush = flush,
    .stats = stats,
};

static const mqs_core_descriptor core = {
    .struct_size = sizeof(mqs_core_descriptor),
    .receivers_max = 9,
    .capabilities = CAN,
    .id = NAME,
    .summary = MQS_STR("Says that it touches nothing"),
    .options_schema = MQS_STR("{\"type\": \"object\", \"properties\": {"
                              "\"violation\": {\"type\": \"string\", \"default\": \"\"},"
                              "\"where\": {\"type\": \"string\", \"default\": \"\"}}}"),
    .vtable = &vtable,
};

static const mqs_core_descriptor *const cores[] = {&core};

static const mqs_plugin_descriptor plugin = {
    .struct_size = sizeof(mqs_plugin_descriptor),
    .abi = MQS_ABI,
    .name = MQS_STR("liar"),
    .version = MQS_STR("1.0.0"),
    .cores = cores,
    .cores_len = 1,
};

uint32_t mqs_plugin_abi(void)
{
  return MQS_ABI;
}

const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host)
{
  (void)host;
  return &plugin;
}
