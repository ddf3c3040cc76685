/* leases: a complete core in C for agents that take their time. Its queues are in memory: an inbox for each agent, and
 * one queue for a group that shares it. A copy is handed over with a lease, and comes again if it is not settled in
 * time. It carries stamps and no contents. No clock, no files, no threads: it runs on the virtual clock.
 *
 * All copies of a session stand in one array, in order of their arrival; each call goes through it once. */
#include "mqscript_core.h"
#include <stdlib.h>

static const char OPTIONS[] = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"lease_ms\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 86400000, \"default\": 30000,"
    " \"description\": \"How long a copy may be unsettled, where its group does not say, in milliseconds\"}}}";

enum { CAPABILITIES = MQS_SIMULATED | MQS_RECEIVES | MQS_CONFIRMS | MQS_STORES | MQS_SHARES | MQS_LEASES | MQS_LIMITS |
                      MQS_SETTLES | MQS_EXTENDS | MQS_DEAD_LETTERS };

/* `run` with its groups is "valid, with all it points to, until `destroy` returns": there is nothing to copy. */
struct mqs_core {
  const mqs_run *run;
  uint64_t lease_ns;
  uint32_t minor; /* the host's version of the contract is 1.minor */
  uint32_t max_deliveries, rejected; /* reasons, interned */
};

enum place {
  WAITING,  /* in its queue; for nobody before `until_ns` */
  HELD,     /* with `agent`, whose lease ends at `until_ns` */
  GIVEN_UP, /* to be told as such, with `reason` */
  GONE      /* settled: its place in the array is free */
};

struct copy {
  mqs_stamp stamp;
  enum place place;
  uint32_t queue;       /* a party: an agent, or a group's queue */
  uint32_t agent;       /* that holds it, or had it last */
  uint32_t handed_over; /* how often */
  uint32_t reason;
  int untold; /* this hand-over is still to be told */
  uint64_t until_ns;
  uint64_t tag; /* of this hand-over, and of no other */
};

struct mqs_session {
  const mqs_core *core;
  struct copy *copies;
  size_t len, cap;
  uint32_t *held; /* by agent: how many copies it holds */
  uint64_t last_tag;
  int flushed;
};

/* The host has checked the options and filled in the defaults: the one value is an integer. */
static uint64_t option(mqs_str json) {
  uint64_t value = 0, i;
  for (i = 0; i < json.len; i++)
    if (json.ptr[i] >= '0' && json.ptr[i] <= '9') value = value * 10 + (uint64_t)(json.ptr[i] - '0');
  return value;
}

static int32_t create(const mqs_host *host, mqs_str options, const mqs_run *run, uint64_t seed, mqs_core **core,
                      uint64_t *capabilities, mqs_error *error) {
  (void)seed;
  if ((*core = calloc(1, sizeof **core)) == NULL) return mqs_fail(error, MQS_INTERNAL, "out of memory");
  (*core)->run = run;
  (*core)->minor = host->abi & 0xffff;
  (*core)->lease_ns = option(options) * 1000000;
  (*core)->max_deliveries = host->intern(host, (mqs_str)MQS_STR("max_deliveries"));
  (*core)->rejected = host->intern(host, (mqs_str)MQS_STR("rejected"));
  *capabilities = CAPABILITIES;
  return MQS_OK;
}

static void destroy(mqs_core *core) { free(core); }

/* The subscriptions of all agents are in force when this returns, and end with `close`. */
static int32_t open_session(mqs_core *core, const mqs_open *open, mqs_session **session, mqs_error *error) {
  mqs_session *made = calloc(1, sizeof *made);
  (void)open;
  if (made == NULL || (made->held = calloc((size_t)core->run->agents + 1, sizeof *made->held)) == NULL) {
    free(made);
    return mqs_fail(error, MQS_INTERNAL, "out of memory");
  }
  made->core = core;
  *session = made;
  return MQS_OK;
}

static void close_session(mqs_session *session) {
  free(session->copies);
  free(session->held);
  free(session);
}

/* The groups; none from a host of minor version 0, whose `run` ends before them. */
static const mqs_group_row *groups(const mqs_run *run, uint32_t *len) {
  *len = MQS_HAS(run, mqs_run, groups_len) && run->groups != NULL ? run->groups_len : 0;
  return *len > 0 ? run->groups : NULL;
}

static const mqs_group_row *group_of(const mqs_run *run, uint32_t agent) {
  uint32_t len, i;
  const mqs_group_row *rows = groups(run, &len);
  for (i = 0; i < len; i++)
    if (agent >= rows[i].first_agent && agent - rows[i].first_agent < rows[i].agents) return &rows[i];
  return NULL;
}

/* The agents `*first` to `*last` - 1 may get what is in the queue of this party; nobody, if it is the queue of none. */
static void members(const mqs_run *run, uint32_t party, uint32_t *first, uint32_t *last) {
  uint32_t len, i;
  const mqs_group_row *rows = groups(run, &len);
  *first = *last = 0;
  if (party < run->agents) *first = party, *last = party + 1;
  for (i = 0; i < len; i++)
    if (rows[i].queue == party) *first = rows[i].first_agent, *last = *first + rows[i].agents;
}

/* The sum of two times, which may be NEVER. */
static uint64_t later(uint64_t now_ns, uint64_t by_ns) {
  return by_ns > MQS_NEVER - now_ns ? MQS_NEVER : now_ns + by_ns;
}

static uint64_t lease_end(const mqs_core *core, uint32_t agent, uint64_t now_ns) {
  const mqs_group_row *group = group_of(core->run, agent);
  return later(now_ns, group != NULL && group->lease_ns != 0 ? group->lease_ns : core->lease_ns);
}

/* Makes room for so many copies more; 0 if there is no memory. */
static int reserve(mqs_session *session, size_t more) {
  size_t cap = session->len + more;
  struct copy *copies;
  if (cap <= session->cap) return 1;
  if (cap < 2 * session->cap) cap = 2 * session->cap;
  if ((copies = realloc(session->copies, cap * sizeof *copies)) == NULL) return 0;
  session->copies = copies;
  session->cap = cap;
  return 1;
}

static void put(mqs_session *session, const mqs_stamp *stamp, uint32_t queue) {
  struct copy *copy = &session->copies[session->len++];
  memset(copy, 0, sizeof *copy);
  copy->stamp = *stamp;
  copy->queue = queue;
  copy->place = WAITING;
}

/* A message becomes a copy in an inbox or in a shared queue; one for all, a copy in each inbox but its sender's. */
static int take(mqs_session *session, const mqs_message *message) {
  const mqs_run *run = session->core->run;
  uint32_t agent, first, last;
  if (message->recipient_id == MQS_ALL) {
    if (!reserve(session, run->agents)) return 0;
    for (agent = 0; agent < run->agents; agent++)
      if (agent != message->stamp.sender) put(session, &message->stamp, agent);
    return 1;
  }
  members(run, message->recipient_id, &first, &last);
  if (first == last) return 1; /* nobody receives for this party: the message is taken, and no copy comes of it */
  if (!reserve(session, 1)) return 0;
  put(session, &message->stamp, message->recipient_id);
  return 1;
}

static void leaves(mqs_session *session, struct copy *copy, enum place place) {
  session->held[copy->agent]--;
  copy->place = place;
  copy->untold = 0;
}

/* A copy comes back from its agent: it is handed over again after its delay, unless that was done often enough. */
static void comes_back(mqs_session *session, struct copy *copy, uint64_t now_ns) {
  const mqs_group_row *group = group_of(session->core->run, copy->agent);
  uint64_t delay_ns = 0;
  leaves(session, copy, WAITING);
  if (group != NULL && group->max_deliveries != 0 && copy->handed_over >= group->max_deliveries) {
    copy->place = GIVEN_UP;
    copy->reason = session->core->max_deliveries;
    return;
  }
  if (group != NULL && group->redelivery_len > 0) { /* the last delay stands for all that follow */
    uint32_t i = copy->handed_over < group->redelivery_len ? copy->handed_over : group->redelivery_len;
    delay_ns = group->redelivery_ns[i - 1];
  }
  copy->until_ns = later(now_ns, delay_ns);
}

/* Hands a copy to the agent of its queue that holds fewest, if that may hold another. */
static void hand_over(mqs_session *session, struct copy *copy, uint64_t now_ns) {
  const mqs_run *run = session->core->run;
  const mqs_group_row *group;
  uint32_t first, last, agent, least;
  members(run, copy->queue, &first, &last);
  for (least = first, agent = first; agent < last; agent++)
    if (session->held[agent] < session->held[least]) least = agent;
  group = group_of(run, least);
  if (group != NULL && group->prefetch != 0 && session->held[least] >= group->prefetch) return;
  session->held[least]++;
  copy->place = HELD;
  copy->agent = least;
  copy->handed_over++;
  copy->tag = ++session->last_tag;
  copy->untold = 1;
  copy->until_ns = lease_end(session->core, least, now_ns);
}

/* Does what is due: leases end, and whoever has room gets what waits. */
static void advance(mqs_session *session, uint64_t now_ns) {
  size_t i;
  for (i = 0; i < session->len; i++)
    if (session->copies[i].place == HELD && session->copies[i].until_ns <= now_ns)
      comes_back(session, &session->copies[i], now_ns);
  for (i = 0; i < session->len; i++)
    if (session->copies[i].place == WAITING && session->copies[i].until_ns <= now_ns)
      hand_over(session, &session->copies[i], now_ns);
}

/* Tells one hand-over, or that a copy is given up; 0 if there is no room. */
static int tell_one(const mqs_core *core, struct copy *copy, uint64_t now_ns, mqs_out *out) {
  mqs_delivery *delivery;
  if (copy->place == GIVEN_UP && core->minor == 0) { /* a host of 1.0 knows nothing but copies */
    copy->place = GONE;
    return 1;
  }
  if (out->deliveries_len >= out->deliveries_cap) return 0;
  delivery = &out->deliveries[out->deliveries_len++];
  memset(delivery, 0, sizeof *delivery);
  delivery->stamp = copy->stamp;
  delivery->at_ns = now_ns;
  delivery->recipient_id = copy->agent;
  if (copy->place == GIVEN_UP) {
    delivery->flags = MQS_DELIVERY_GIVEN_UP;
    delivery->reason = copy->reason;
    copy->place = GONE;
    return 1;
  }
  delivery->ack_tag = copy->tag;
  if (core->minor > 0)
    delivery->flags = (copy->handed_over < 255 ? copy->handed_over : 255) << MQS_DELIVERY_HANDOVERS_SHIFT;
  if (copy->handed_over > 1) delivery->flags |= MQS_DELIVERY_REDELIVERED;
  copy->untold = 0;
  return 1;
}

/* Advances, and tells what has become known and when something happens next. What is gone leaves the array. */
static void tell(mqs_session *session, uint64_t now_ns, mqs_out *out) {
  size_t i, kept = 0;
  advance(session, now_ns);
  for (i = 0; i < session->len; i++) {
    struct copy *copy = &session->copies[i];
    if ((copy->untold || copy->place == GIVEN_UP) && !tell_one(session->core, copy, now_ns, out))
      out->flags |= MQS_OUT_MORE;
    if (copy->place == GONE) continue;
    /* What waits and could be handed over by now waits for an agent that has room, and so for a settlement. */
    if ((copy->place == HELD || copy->place == WAITING) && copy->until_ns > now_ns && copy->until_ns < out->next_due_ns)
      out->next_due_ns = copy->until_ns;
    session->copies[kept++] = *copy;
  }
  session->len = kept;
}

static int32_t publish(mqs_session *session, uint64_t now_ns, const mqs_message *messages, uint32_t n,
                       uint32_t *accepted, mqs_out *out, mqs_error *error) {
  for (*accepted = 0; *accepted < n; ++*accepted) { /* there is room for `n` outcomes */
    const mqs_message *message = &messages[*accepted];
    if (session->core->run->receive && !take(session, message))
      return mqs_fail(error, MQS_INTERNAL, "out of memory");
    mqs_add_outcome(out, message->token, 1, MQS_DELIVERED, 0, now_ns);
  }
  tell(session, now_ns, out);
  return MQS_OK;
}

static int32_t poll(mqs_session *session, uint64_t now_ns, mqs_out *out, mqs_error *error) {
  (void)error;
  tell(session, now_ns, out);
  if (session->flushed && session->len == 0) out->flags |= MQS_OUT_EMPTY;
  return MQS_OK;
}

/* A tag that no copy bears any more is late, and has no effect: the copy is settled, or with somebody else. */
static int32_t acknowledge(mqs_session *session, uint64_t now_ns, const uint64_t *tags, uint32_t n, uint32_t kind,
                           mqs_out *out, mqs_error *error) {
  uint32_t i;
  size_t j;
  (void)error;
  advance(session, now_ns); /* leases that have ended by now have ended, whatever the order of the calls */
  for (i = 0; i < n; i++)
    for (j = 0; j < session->len; j++) {
      struct copy *copy = &session->copies[j];
      if (copy->place != HELD || copy->tag != tags[i]) continue;
      switch (kind) {
        case MQS_GIVE_BACK: comes_back(session, copy, now_ns); break;
        case MQS_EXTEND: copy->until_ns = lease_end(session->core, copy->agent, now_ns); break;
        case MQS_REJECT:
          leaves(session, copy, GIVEN_UP);
          copy->reason = session->core->rejected;
          break;
        default: leaves(session, copy, GONE); /* MQS_ACK */
      }
      break;
    }
  tell(session, now_ns, out);
  return MQS_OK;
}

static int32_t flush(mqs_session *session, uint64_t now_ns, mqs_error *error) {
  (void)now_ns, (void)error;
  session->flushed = 1;
  return MQS_OK;
}

static const mqs_core_vtable FUNCTIONS = {.struct_size = sizeof FUNCTIONS, .create = create, .destroy = destroy,
    .open = open_session, .close = close_session, .publish = publish, .poll = poll, .acknowledge = acknowledge,
    .flush = flush};
static const mqs_core_descriptor CORE = {.struct_size = sizeof CORE, .receivers_max = MQS_ALL,
    .capabilities = CAPABILITIES, .id = MQS_STR("leases"),
    .summary = MQS_STR("Queues in memory that hand copies over with a lease"), .options_schema = MQS_STR(OPTIONS),
    .vtable = &FUNCTIONS};
static const mqs_core_descriptor *const CORES[] = {&CORE};
static const mqs_plugin_descriptor PLUGIN = {.struct_size = sizeof PLUGIN, .abi = MQS_ABI, .name = MQS_STR("leases"),
    .version = MQS_STR("0.1.0"), .cores = CORES, .cores_len = 1};

uint32_t mqs_plugin_abi(void) { return MQS_ABI; }
const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host) { (void)host; return &PLUGIN; }
