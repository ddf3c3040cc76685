/* A core that kills its process: in the way, in the call and after the number of messages that its options say. */
#define _GNU_SOURCE
#include "mqscript_core.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char OPTIONS[] = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"way\": {\"type\": \"string\", \"default\": \"none\", \"description\": \"How\"},"
    "\"where\": {\"type\": \"string\", \"default\": \"publish\", \"description\": \"In which call\"},"
    "\"after\": {\"type\": \"integer\", \"minimum\": 0, \"default\": 1000, \"description\": \"Messages before\"}}}";

struct mqs_core {
  char way[24], where[16];
  uint64_t after, taken;
};

static void text_option(mqs_str json, const char *key, char *into, size_t cap) {
  const char *at = memmem(json.ptr, json.len, key, strlen(key));
  size_t n = 0;
  for (at += strlen(key) + 2; n + 1 < cap && *at != '"'; at++) /* over `":"` */
    if (*at != ':') into[n++] = *at;
  into[n] = 0;
}

static uint64_t number_option(mqs_str json, const char *key) {
  const char *at = memmem(json.ptr, json.len, key, strlen(key));
  return strtoull(at + strlen(key) + 1, NULL, 10); /* over `:` */
}

static int overflow(int depth) {
  volatile char room[4096];
  room[0] = (char)depth;
  return depth < 1 << 30 ? overflow(depth + 1) + room[0] : 0;
}

static void *thread_dies(void *nothing) {
  (void)nothing;
  *(volatile int *)8 = 1;
  return NULL;
}

static void *thread_exits(void *nothing) {
  (void)nothing;
  exit(0);
}

/* Writes over all memory that this process shares with others, as a stray `memset` might. */
static void scribble(const char *with) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  while (fgets(line, sizeof line, maps)) {
    unsigned long start, end, seed = 1;
    if (sscanf(line, "%lx-%lx rw-s", &start, &end) != 2 || !strstr(line, " rw-s ")) continue;
    for (unsigned char *at = (unsigned char *)start; at < (unsigned char *)end; at++) {
      seed = seed * 6364136223846793005UL + 1442695040888963407UL;
      *at = !strcmp(with, "noise") ? (unsigned char)(seed >> 56) : (unsigned char)strtol(with, NULL, 16);
    }
  }
  fclose(maps);
}

/* Cuts every file without a name that is open. */
static void cut(void) {
  for (int file = 3; file < 64; file++) {
    char name[64], to[64] = "";
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    if (readlink(name, to, sizeof to - 1) > 0 && strstr(to, "memfd:") && ftruncate(file, 0)) perror("ftruncate");
  }
}

static void note_process(void) {
  FILE *file = fopen(getenv("DEADLY_PROCESSES"), "a");
  fprintf(file, "%d\n", (int)getpid());
  fclose(file);
}

/* Leaves a process of its own behind, and one that took pains to belong to nobody. */
static void leave_processes(void) {
  if (!fork()) {
    note_process();
    for (;;) pause();
  }
  if (!fork()) {
    setsid();
    if (!fork()) {
      note_process();
      for (;;) pause();
    }
    _exit(0);
  }
  usleep(100 * 1000);
}

static void die(const char *way) {
  if (!strncmp(way, "scribble ", 9)) scribble(way + 9);
  if (!strcmp(way, "scribble")) { scribble("0"); for (;;) pause(); }
  if (!strcmp(way, "cut")) cut();
  if (!strcmp(way, "leave")) leave_processes();
  if (!strcmp(way, "stay")) { leave_processes(); for (;;) pause(); }
  if (!strcmp(way, "forked")) if (!fork()) exit(0);
  if (!strcmp(way, "unmap")) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned long start, end;
    while (fgets(line, sizeof line, maps))
      if (strstr(line, " rw-s ") && sscanf(line, "%lx-%lx", &start, &end) == 2) munmap((void *)start, end - start);
    fclose(maps);
  }
  if (!strcmp(way, "unthread")) pthread_exit(NULL);
  if (!strcmp(way, "thread exits")) {
    pthread_t thread;
    pthread_create(&thread, NULL, thread_exits, NULL);
    pthread_join(thread, NULL);
  }
  if (!strcmp(way, "code 130")) exit(130);
  if (!strcmp(way, "user")) kill(getpid(), SIGUSR1);
  if (!strcmp(way, "hangup")) raise(SIGHUP);
  if (!strcmp(way, "segv")) *(volatile int *)8 = 1;
  if (!strcmp(way, "abort")) abort();
  if (!strcmp(way, "ill")) __builtin_trap();
  if (!strcmp(way, "stack")) overflow(0);
  if (!strcmp(way, "kill")) raise(SIGKILL);
  if (!strcmp(way, "exit")) exit(3);
  if (!strcmp(way, "quick")) _exit(3);
  if (!strcmp(way, "silent")) { signal(SIGSEGV, SIG_DFL); *(volatile int *)8 = 1; }
  if (!strcmp(way, "spin")) for (volatile int on = 1; on;) {}
  if (!strcmp(way, "pause")) for (;;) pause();
  if (!strcmp(way, "slow")) usleep(1600 * 1000);
  if (!strcmp(way, "thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, thread_dies, NULL);
    usleep(20 * 1000); /* the call itself returns */
  }
  if (!strcmp(way, "joined")) {
    pthread_t thread;
    pthread_create(&thread, NULL, thread_dies, NULL);
    pthread_join(thread, NULL); /* the call waits for who dies */
  }
}

static void die_in(mqs_core *core, const char *where) {
  if (!strcmp(core->where, where)) die(core->way);
}

#ifdef DIES_LOADING
__attribute__((constructor)) static void loading(void) { die(DIES_LOADING); }
#endif
#ifdef DIES_UNLOADING
__attribute__((destructor)) static void unloading(void) { die(DIES_UNLOADING); }
#endif

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error) {
  (void)host, (void)run, (void)seed, (void)error;
  *core = calloc(1, sizeof **core);
  text_option(options, "\"way\"", (*core)->way, sizeof (*core)->way);
  text_option(options, "\"where\"", (*core)->where, sizeof (*core)->where);
  (*core)->after = number_option(options, "\"after\"");
  *capabilities = MQS_SIMULATED;
  die_in(*core, "create");
  return MQS_OK;
}

static void destroy(mqs_core *core) {
  die_in(core, "destroy");
  free(core);
}

static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error) {
  (void)open, (void)error;
  die_in(core, "open");
  *session = (mqs_session *)core;
  return MQS_OK;
}

static void close_session(mqs_session *session) { die_in((mqs_core *)session, "close"); }

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error) {
  mqs_core *core = (mqs_core *)session;
  (void)error;
  for (*accepted = 0; *accepted < n; ++*accepted) {
    if (++core->taken == core->after) die_in(core, "publish");
    mqs_add_outcome(out, messages[*accepted].token, 1, MQS_DELIVERED, 0, now_ns + 5000000);
  }
  return MQS_OK;
}

static int32_t poll_session(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error) {
  (void)now_ns, (void)out, (void)error;
  die_in((mqs_core *)session, "poll");
  return MQS_OK;
}

static const mqs_core_vtable FUNCTIONS = {.struct_size = sizeof FUNCTIONS, .create = create, .destroy = destroy,
    .open = open_session, .close = close_session, .publish = publish, .poll = poll_session};
static const mqs_core_descriptor CORE = {.struct_size = sizeof CORE, .capabilities = MQS_SIMULATED,
    .id = MQS_STR("deadly"), .summary = MQS_STR("Kills its process"),
    .options_schema = MQS_STR(OPTIONS), .vtable = &FUNCTIONS};
static const mqs_core_descriptor *const CORES[] = {&CORE};
static const mqs_plugin_descriptor PLUGIN = {.struct_size = sizeof PLUGIN, .abi = MQS_ABI, .name = MQS_STR("deadly"),
    .version = MQS_STR("0.1.0"), .cores = CORES, .cores_len = 1};

uint32_t mqs_plugin_abi(void) { return MQS_ABI; }
const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host) { (void)host; return &PLUGIN; }
