/* The contract between mqscript and a messaging core: plugin ABI 1.
 *
 * Generated from the crate mqscript-plugin; do not edit. `cargo run -p mqscript-header` writes it anew.
 *
 * Threads. [control]: on any one thread, with a time limit, never while a session call of the same core runs.
 * [session]: by one thread at a time. [any thread]: from anywhere, also from inside a call.
 * Ownership. Everything passed in is borrowed for the call, except where a comment names a longer time. No
 * memory is ever freed across the border.
 * Times are nanoseconds since the run's origin, which is taken just before `create`.
 * Growth. Structs that begin with `struct_size` may gain fields at their end: touch a field only if it lies
 * inside (MQS_HAS). The others never grow; their reserved fields are zero.
 * Rules. `docs/core-contract.md` numbers every rule as `mqscript core check` cites it: the library R1 to R7,
 * options R10 to R14, capabilities R20 to R22, lifecycle R30 to R40, session calls R50 to R67, outcomes R70 to
 * R77, deliveries R80 to R89, simulation R90 to R97, the process R100 to R109, layers R110 to R114, consumers R120
 * to R130.
 * Names. Comments leave out the prefixes `mqs_` and `MQS_`.
 */

#ifndef MQSCRIPT_CORE_H
#define MQSCRIPT_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct mqs_host mqs_host;
typedef struct mqs_run mqs_run;

// Major part of the plugin ABI described here: another major is another language.
#define MQS_ABI_MAJOR 1

// Minor part of the plugin ABI described here: a higher one only adds.
#define MQS_ABI_MINOR 1

// What `mqs_plugin_abi` returns: `(major << 16) | minor`.
#define MQS_ABI ((MQS_ABI_MAJOR << 16) | MQS_ABI_MINOR)

// As a recipient: every agent but the sender. As `receivers_max`: no bound.
#define MQS_ALL UINT32_MAX

// As a time: never; no wish.
#define MQS_NEVER UINT64_MAX

// How far beyond the present an `at_ns` may lie, in nanoseconds: 366 days.
#define MQS_AHEAD_MAX_NS 31622400000000000

// Priority of a message: low.
#define MQS_PRIORITY_LOW 0

// Priority of a message: regular.
#define MQS_PRIORITY_REGULAR 1

// Priority of a message: high.
#define MQS_PRIORITY_HIGH 2

// Priority of a message: urgent.
#define MQS_PRIORITY_URGENT 3

// Result of an attempt: the message was delivered.
#define MQS_DELIVERED 1

// Result of an attempt: surely not delivered; another attempt may succeed.
#define MQS_REFUSED 2

// Result of an attempt: not delivered, and it never will be.
#define MQS_REJECTED 3

// Result of an attempt: perhaps delivered.
#define MQS_UNCERTAIN 4

// Status: all is well.
#define MQS_OK 0

// Status: the core does not do this.
#define MQS_UNSUPPORTED 1

// Status: an argument breaks the contract.
#define MQS_INVALID 2

// Status: the options make no sense.
#define MQS_CONFIG 3

// Status: there is no connection.
#define MQS_CONNECT 4

// Status: not allowed in.
#define MQS_AUTH 5

// Status: reading or writing failed.
#define MQS_IO 6

// Status: no space left.
#define MQS_NO_SPACE 7

// Status: a defect of the core.
#define MQS_INTERNAL 8

// Status: the core panicked.
#define MQS_PANIC 9

// Status: the core panicked earlier and is not called any more.
#define MQS_POISONED 10

// Capability: no real time, no input or output.
#define MQS_SIMULATED (1 << 0)

// Capability: it returns deliveries.
#define MQS_RECEIVES (1 << 1)

// Capability: DELIVERED means that the medium took responsibility.
#define MQS_CONFIRMS (1 << 2)

// Capability: copies of one sender, recipient and priority arrive in order.
#define MQS_ORDERED (1 << 3)

// Capability: no copy arrives twice.
#define MQS_EXACTLY_ONCE (1 << 4)

// Capability: what was confirmed survives a restart of the medium.
#define MQS_DURABLE (1 << 5)

// Capability: it reads `content` and `text`, so that the host must fill them.
#define MQS_READS_CONTENT (1 << 6)

// Capability: it is a layer, which stands over another core.
#define MQS_LAYER (1 << 7)

// Capability: it touches the network.
#define MQS_TOUCHES_NETWORK (1 << 8)

// Capability: it touches files.
#define MQS_TOUCHES_FILES (1 << 9)

// Capability: it starts processes.
#define MQS_STARTS_PROCESSES (1 << 10)

// Capability: messages to one agent and messages to all come by ways of their own, so that order, with ORDERED or without,
// is only meant among the ones and among the others.
#define MQS_ORDER_BY_ADDRESS (1 << 11)

// Capability (1.1): DELIVERED means that the medium took the message over; that it arrived, its copies tell.
#define MQS_STORES (1 << 12)

// Capability (1.1): it is a queue and a processor itself: the host puts no queue before it, and hands messages over at once,
// in the order of their generation, whatever their priority.
#define MQS_PROCESSES (1 << 13)

// Capability (1.1): copies come back with the sender, the type, the priority, the tags and the metadata that were sent.
#define MQS_UNALTERED (1 << 14)

// Capability (1.1): the agents of a group may have one queue together: each message in it goes to one of them.
#define MQS_SHARES (1 << 15)

// Capability (1.1): it keeps leases: a copy that is not settled in time is handed over again.
#define MQS_LEASES (1 << 16)

// Capability (1.1): it keeps `prefetch`: no agent has more unsettled copies at a time.
#define MQS_LIMITS (1 << 17)

// Capability (1.1): copies can be given back and rejected.
#define MQS_SETTLES (1 << 18)

// Capability (1.1): leases can be extended.
#define MQS_EXTENDS (1 << 19)

// Capability (1.1): it keeps `max_deliveries`: a copy that was handed over so often and not settled is given up.
#define MQS_DEAD_LETTERS (1 << 20)

// Flag in `Out::flags`: more is ready; poll again before sleeping.
#define MQS_OUT_MORE 1

// Flag in `Out::flags` of a `poll` (1.1): the medium holds nothing more of this run: no copy will follow those told by now.
#define MQS_OUT_EMPTY 2

// Flag in `Out::flags` (1.1): a sign of work: something of this run was worked on since the last call.
#define MQS_OUT_WORKING 4

// Flag in `Delivery::flags`: the medium says that it delivered this copy before.
#define MQS_DELIVERY_REDELIVERED 1

// Flag in `Delivery::flags` (1.1): this copy is not as it was sent; `reason` names the fields, such as "sender, type".
#define MQS_DELIVERY_ALTERED 2

// Flag in `Delivery::flags` (1.1): this copy bears no stamp, and its content is one that was sent in this run.
#define MQS_DELIVERY_UNSTAMPED 4

// Flag in `Delivery::flags` (1.1): no copy, but a call of a processor that tried to deliver this message and failed; `reason`
// says how, `attempt` the how-manieth call for this message it was.
#define MQS_DELIVERY_FAILED_CALL 8

// Flag in `Delivery::flags` (1.1): no copy: a processor says that it never will deliver this message; `reason` says why.
#define MQS_DELIVERY_GIVEN_UP 16

// The flags of what is no copy.
#define MQS_DELIVERY_NO_COPY (MQS_DELIVERY_FAILED_CALL | MQS_DELIVERY_GIVEN_UP)

// In `Delivery::flags` (1.1): the bits that hold the how-manieth hand-over of this copy it is, from 1; 0 = not known, 255 = the
// 255th or a later one.
#define MQS_DELIVERY_HANDOVERS 65280

// How far the bits of DELIVERY_HANDOVERS lie to the left.
#define MQS_DELIVERY_HANDOVERS_SHIFT 8

// Kind of acknowledgement: the copies were taken, and never come again.
#define MQS_ACK 0

// Kind of acknowledgement (1.1, with SETTLES): the copies are given back, to be handed over again after the delay for that.
#define MQS_GIVE_BACK 1

// Kind of acknowledgement (1.1, with SETTLES): the copies are refused for good; the medium gives them up.
#define MQS_REJECT 2

// Kind of acknowledgement (1.1, with EXTENDS): the leases of the copies begin anew.
#define MQS_EXTEND 3

// As the queue of a group: its agents have an inbox each.
#define MQS_NO_QUEUE UINT32_MAX

// Flag in `PluginDescriptor::flags`: a panic in this library aborts the process.
#define MQS_PLUGIN_PANIC_ABORTS 1

// Clock of a run: time jumps from event to event.
#define MQS_CLOCK_VIRTUAL 0

// Clock of a run: real time.
#define MQS_CLOCK_WALL 1

// Log level: an error.
#define MQS_LOG_ERROR 1

// Log level: a warning.
#define MQS_LOG_WARN 2

// Log level: something that is good to know.
#define MQS_LOG_INFO 3

// Log level: details for debugging.
#define MQS_LOG_DEBUG 4

// In `Stamp::flags`: the bits that hold the priority.
#define MQS_STAMP_PRIORITY 3

// Flag in `Stamp::flags`: `checksum` is set.
#define MQS_STAMP_CHECKSUM 4

// Interned texts of one run: no more than so many; what comes after is "other".
#define MQS_INTERNED_MAX 4096

// Interned texts are cut at so many bytes.
#define MQS_INTERNED_BYTES_MAX 200

// A core's own state, opaque to the host.
typedef struct mqs_core mqs_core;

// A session's own state, opaque to the host.
typedef struct mqs_session mqs_session;

// A borrowed text: UTF-8, not terminated by NUL.
typedef struct mqs_str {
  // First byte; may be NULL if `len` is 0.
  const uint8_t *ptr;
  // The number of bytes.
  uint64_t len;
} mqs_str;

// Services of the host. Given to `mqs_plugin_entry_v1` (valid for ever; there `log` alone has an effect) and,
// for one core of one run, to `create` (valid until `destroy` returns).
typedef struct mqs_host {
  // Size of this struct in bytes, as the host knows it.
  uint32_t struct_size;
  // The ABI that the host speaks: `(major << 16) | minor`. A core of a newer minor stays within it.
  uint32_t abi;
  // A pointer that belongs to the host.
  const void *data;
  // `[any thread]` Says something to the user, at a LOG level. Copied.
  void (*log)(const struct mqs_host *host, uint32_t level, struct mqs_str text);
  // `[any thread]` The present on the run's clock, in nanoseconds since the origin.
  uint64_t (*now_ns)(const struct mqs_host *host);
  // `[any thread]` At least one `poll` begins after this. Sticky and coalescing; `waker` is the one given to
  // `open`; without effect after `close`.
  void (*wake)(const struct mqs_host *host, uint64_t waker);
  // `[any thread]` Notes that something happened: an interned kind, when, and a text. Copied.
  void (*event)(const struct mqs_host *host, uint32_t kind, uint64_t at_ns, struct mqs_str text);
  // `[any thread]` The id of a text that names a reason or a kind of event: the same text has the same id
  // throughout the run. Cut at 200 bytes; after 4,096 texts all further ones are "other". Never 0.
  uint32_t (*intern)(const struct mqs_host *host, struct mqs_str text);
  // `[any thread]` A named extension such as "mqs.metrics/1", or NULL.
  const void *(*get_extension)(const struct mqs_host *host, struct mqs_str name);
} mqs_host;

// One message type of the run.
typedef struct mqs_type_row {
  // Its name in the mix, such as "hard_onboard".
  struct mqs_str name;
  // Its wire type, such as "ONBOARDING".
  struct mqs_str wire_type;
  // First of `tags_len` tags.
  const struct mqs_str *tags;
  // The number of tags.
  uint32_t tags_len;
  // 0 low, 1 regular, 2 high, 3 urgent.
  uint32_t priority;
  // Reserved, and always zero.
  uint64_t reserved[2];
} mqs_type_row;

// How the agents of a group receive, and what the medium is asked to do for them (1.1). What a core does not do, by its
// capabilities, it is not asked for.
typedef struct mqs_group_row {
  // The name of the group.
  struct mqs_str name;
  // Its first agent; the others follow.
  uint32_t first_agent;
  // Number of its agents.
  uint32_t agents;
  // The queue that its agents have together: a party beyond the agents, to which messages are addressed; each goes to one of
  // them. NO_QUEUE = an inbox each.
  uint32_t queue;
  // With LIMITS: the most unsettled copies that an agent has at a time; 0 = the medium's own.
  uint32_t prefetch;
  // With LEASES: how long the medium waits for the settlement of a copy before it hands it over again, in nanoseconds
  // from the hand-over or the last EXTEND; 0 = the medium's own, NEVER = for ever.
  uint64_t lease_ns;
  // With DEAD_LETTERS: the most hand-overs of a copy; 0 = the medium's own.
  uint32_t max_deliveries;
  // The number of delays.
  uint32_t redelivery_len;
  // The delays before the 2nd, the 3rd and each later hand-over of a copy, in nanoseconds; the last one stands for all
  // that follow. NULL = none.
  const uint64_t *redelivery_ns;
  // Reserved, and always zero.
  uint64_t reserved[2];
} mqs_group_row;

// What a core may know of the run it is created for. Valid, with all it points to, until `destroy` returns.
typedef struct mqs_run {
  // Size of this struct in bytes, as the host knows it.
  uint32_t struct_size;
  // The run's number, as in every stamp.
  uint32_t run;
  // The clock of the run: CLOCK_VIRTUAL or CLOCK_WALL.
  uint32_t clock_kind;
  // Number of agents: parties 0 … agents − 1.
  uint32_t agents;
  // Number of parties: the agents, then other named senders and recipients.
  uint32_t parties;
  // Number of message types.
  uint32_t types_len;
  // The first of the message types.
  const struct mqs_type_row *types;
  // `[any thread]` Writes up to `cap` bytes of a party's name (UTF-8, not terminated) to `buf` and returns
  // the name's full length in bytes; 0 if there is no such party. `run` is this struct.
  uint32_t (*party_name)(const struct mqs_run *run, uint32_t id, uint8_t *buf, uint32_t cap);
  // The host's own; pass nothing through it.
  const void *host_data;
  // 1 = the host wants deliveries (each agent is one subscriber).
  uint32_t receive;
  // 1 = agents read what arrives: texts and contents are wanted even where the medium need not carry them. A
  // content that the medium did carry is returned always: the host holds it against the stamp's checksum.
  uint32_t wants_content;
  // The most tokens that are ever unanswered at once.
  uint32_t max_in_flight;
  // Reserved, and always zero.
  uint32_t reserved;
  // The first of the groups of agents that receive, in order of their agents (1.1). NULL = nothing is said about them.
  const struct mqs_group_row *groups;
  // Number of groups (1.1).
  uint32_t groups_len;
  // Reserved, and always zero.
  uint32_t reserved_tail;
} mqs_run;

// Where a call that fails says why. The memory is the caller's. The pointer to it is never NULL. Nothing of it is read
// where the call returns OK.
typedef struct mqs_error {
  // Size of this struct in bytes.
  uint32_t struct_size;
  // Out: the status, as returned.
  int32_t code;
  // Out: bytes written, at most `cap`.
  uint32_t len;
  // Room in bytes; may be 0, from a layer that calls. The host's own have room for 512 or more.
  uint32_t cap;
  // Where to write: UTF-8, cut at a character's border, not terminated by NUL.
  uint8_t *buf;
} mqs_error;

// The identity of a message: readable by all, written by the host alone, returned bit for bit.
//
// In memory and in its text form all numbers are little-endian.
typedef struct mqs_stamp {
  // The number of the run.
  uint32_t run;
  // The generating agent, even where the shown sender is another.
  uint32_t sender;
  // The message's number among that agent's, from 1; 0 = no stamp.
  uint64_t sequence;
  // When it should have been generated, in nanoseconds since the origin.
  uint64_t intended_ns;
  // CRC-32C of the content, if the flag says so.
  uint32_t checksum;
  // Its message type: index into the run's types.
  uint16_t type_id;
  // The attempt, from 1.
  uint8_t attempt;
  // Bits 0–1 the priority, bit 2 `checksum` is set.
  uint8_t flags;
} mqs_stamp;

// Borrowed bytes of any kind.
typedef struct mqs_bytes {
  // First byte; may be NULL if `len` is 0.
  const uint8_t *ptr;
  // The number of bytes.
  uint64_t len;
} mqs_bytes;

// One entry of a message's metadata.
typedef struct mqs_pair {
  // The key of the pair.
  struct mqs_str key;
  // The value; what is no text stands here as JSON.
  struct mqs_str value;
} mqs_pair;

// The texts of a message, beside its content. Only filled for cores with READS_CONTENT.
typedef struct mqs_text {
  // The sender's name, as shown.
  struct mqs_str sender;
  // The recipient's name, as shown; "ALL" for a broadcast.
  struct mqs_str recipient;
  // The wire type, such as "BROADCAST".
  struct mqs_str message_type;
  // First of `tags_len` tags.
  const struct mqs_str *tags;
  // First of `metadata_len` entries.
  const struct mqs_pair *metadata;
  // The number of tags.
  uint32_t tags_len;
  // Number of metadata entries.
  uint32_t metadata_len;
  // Reserved, and always zero.
  uint64_t reserved;
} mqs_text;

// One message handed to a core. Borrowed, with all it points to, for the call.
typedef struct mqs_message {
  // The host's name for this attempt: strictly increasing in a session.
  uint64_t token;
  // The stamp that identifies the message.
  struct mqs_stamp stamp;
  // The shown sender: a party.
  uint32_t sender_id;
  // The recipient: an agent, ALL, or (1.1) the queue of a group. A host names no other party here; should one do so,
  // nobody receives for it: carry the message, answer for it, and deliver no copy.
  uint32_t recipient_id;
  // Its message type: index into the run's types.
  uint16_t type_id;
  // 0 low, 1 regular, 2 high, 3 urgent.
  uint8_t priority;
  // The attempt, from 1.
  uint8_t attempt;
  // Zero; unknown bits are to be ignored.
  uint32_t flags;
  // When it was generated, in nanoseconds since the origin.
  uint64_t created_ns;
  // When it is of no more use, in nanoseconds since the origin; NEVER = always of use.
  uint64_t expires_ns;
  // Its content, only filled for cores with READS_CONTENT.
  struct mqs_bytes content;
  // Its texts; NULL unless the core has READS_CONTENT.
  const struct mqs_text *text;
  // The key of the generating agent's name, to draw random numbers by (`mqs_text_key` of the name); 0 = not told.
  // Since 1.1: zero from a host of minor version 0.
  uint64_t sender_key;
  // Reserved, and always zero.
  uint64_t reserved[3];
} mqs_message;

// What became of a range of consecutive accepted tokens. Every accepted token gets exactly one.
typedef struct mqs_outcome {
  // The first of the tokens.
  uint64_t first;
  // Number of tokens, at least 1.
  uint32_t count;
  // DELIVERED, REFUSED, REJECTED or UNCERTAIN.
  uint32_t result;
  // Interned text that names the reason; 0 = none.
  uint32_t reason;
  // Reserved, and always zero.
  uint32_t reserved;
  // When, in nanoseconds since the origin. It may lie ahead: the host keeps the outcome until then.
  uint64_t at_ns;
  // Reserved, and always zero.
  uint64_t reserved_tail;
} mqs_outcome;

// One copy of a message that arrived (or, if `at_ns` lies ahead, will).
typedef struct mqs_delivery {
  // The message's identity; all zero if it bore none.
  struct mqs_stamp stamp;
  // Its content: the core's memory, valid until the next call on the session.
  struct mqs_bytes content;
  // When it arrived, in nanoseconds since the origin.
  uint64_t at_ns;
  // What the host settles it by: a number of the core's choice, another for each hand-over; 0 = nothing to settle.
  uint64_t ack_tag;
  // The agent it arrived at; ALL = one copy at every agent but the sender (simulated cores only). The sender is the
  // stamp's, also where the message shows another.
  uint32_t recipient_id;
  // DELIVERY flags: redelivered, altered, unstamped; or that this is no copy, but a failed call or a message given up.
  uint32_t flags;
  // Its texts, where the core has them; NULL otherwise. Valid as long as `content`.
  const struct mqs_text *text;
  // Interned text: what is altered, how a call failed, why a message was given up; 0 = none (1.1).
  uint32_t reason;
  // The how-manieth call of a processor under test for this message it was, from 1; 0 = not told (1.1).
  uint32_t attempt;
  // Reserved, and always zero.
  uint64_t reserved;
} mqs_delivery;

// Where a call leaves what is known. The memory is the host's; the core appends and never rewinds.
typedef struct mqs_out {
  // Size of this struct in bytes, as the host knows it.
  uint32_t struct_size;
  // Out: OUT_MORE = more is ready, poll again before sleeping.
  uint32_t flags;
  // Room for `outcomes_cap` outcomes.
  struct mqs_outcome *outcomes;
  // Room, in outcomes. On `publish` at least `n` are free, on `poll` at least one, on `acknowledge` perhaps none.
  uint32_t outcomes_cap;
  // How many are there: raised by the core for each one appended.
  uint32_t outcomes_len;
  // Room for `deliveries_cap` deliveries. Not to be looked at where that is 0.
  struct mqs_delivery *deliveries;
  // Room, in deliveries: none without `receive`, and perhaps none with it. What does not fit stays with the core,
  // which sets MORE.
  uint32_t deliveries_cap;
  // How many are there: raised by the core for each one appended.
  uint32_t deliveries_len;
  // Out: call `poll` no later than this, in nanoseconds since the origin; NEVER (as given) = no wish. A wish
  // stands until the next `poll`; calls before it can only bring it forward.
  uint64_t next_due_ns;
} mqs_out;

// The core below a layer. Its functions are the host's: they check and name every border. Valid until the
// layer's `close` returns; `[session]`, only from inside the layer's own session calls.
typedef struct mqs_inner {
  // Size of this struct in bytes, as the host knows it.
  uint32_t struct_size;
  // Reserved, and always zero.
  uint32_t reserved;
  // The pointer to pass as first argument.
  void *handle;
  // The same as in the vtable.
  int32_t (*publish)(void *handle,
                     uint64_t now_ns,
                     const struct mqs_message *messages,
                     uint32_t n,
                     uint32_t *accepted,
                     struct mqs_out *out,
                     struct mqs_error *error);
  // The same as in the vtable.
  int32_t (*poll)(void *handle, uint64_t now_ns, struct mqs_out *out, struct mqs_error *error);
  // The same as in the vtable.
  int32_t (*acknowledge)(void *handle,
                         uint64_t now_ns,
                         const uint64_t *tags,
                         uint32_t n,
                         uint32_t kind,
                         struct mqs_out *out,
                         struct mqs_error *error);
} mqs_inner;

// What `open` is told.
typedef struct mqs_open {
  // Size of this struct in bytes, as the host knows it.
  uint32_t struct_size;
  // Reserved, and always zero.
  uint32_t reserved;
  // What to pass to the host's `wake` for this session.
  uint64_t waker;
  // When the load starts, in nanoseconds since the origin; 0 on the virtual clock. Times in options
  // ("an outage at 20s") count from here.
  uint64_t load_start_ns;
  // The core below, for a layer; NULL otherwise. The struct itself is only borrowed for the call: copy it.
  const struct mqs_inner *inner;
} mqs_open;

// The functions of a core. Any that follow `poll` may be NULL, or lie beyond `struct_size`: then there is
// nothing to do. All return OK or a status; none lets a panic or an exception out.
typedef struct mqs_core_vtable {
  // Size of this struct in bytes, as the library knows it.
  uint32_t struct_size;
  // Reserved, and always zero.
  uint32_t reserved;
  // `[control]` Makes a core for one run; may connect. `options` is a JSON object that its schema accepts,
  // with all defaults filled in. `host` and `run` stay valid until `destroy` returns. On OK, `*core` is set
  // and `*capabilities` holds the *effective* capabilities under these options.
  // On anything else there is no core: no other function is called, `destroy` neither, so free what was made.
  int32_t (*create)(const struct mqs_host *host,
                    struct mqs_str options,
                    const struct mqs_run *run,
                    uint64_t seed,
                    struct mqs_core **core,
                    uint64_t *capabilities,
                    struct mqs_error *error);
  // `[control]` Frees the core, after having joined its threads. All its sessions are closed. Comes once after every
  // `create` that returned OK, whatever failed in between.
  void (*destroy)(struct mqs_core *core);
  // `[control]` Opens the session of an engine loop; returns only when every subscription is in force. On OK,
  // `*session` is set. On anything else there is no session and `close` is not called: free what was made. `clean`
  // and `destroy` follow.
  int32_t (*open)(struct mqs_core *core,
                  const struct mqs_open *open,
                  struct mqs_session **session,
                  struct mqs_error *error);
  // `[control]` Closes the session. Comes once after every `open` that returned OK, also after a failure.
  void (*close)(struct mqs_session *session);
  // `[session]` Takes the first `*accepted` of `n` messages and appends what is already known. Never blocks.
  // Fewer than `n` is no error: the rest is offered again after an outcome, a wake or `next_due_ns`. `*accepted` is
  // 0 on entry, and counts also where the call fails.
  int32_t (*publish)(struct mqs_session *session,
                     uint64_t now_ns,
                     const struct mqs_message *messages,
                     uint32_t n,
                     uint32_t *accepted,
                     struct mqs_out *out,
                     struct mqs_error *error);
  // `[session]` Appends what has become known. Never blocks. Called after a wake, at `next_due_ns`, after
  // MORE and after `flush`.
  int32_t (*poll)(struct mqs_session *session, uint64_t now_ns, struct mqs_out *out, struct mqs_error *error);
  // `[session]` The host settles the copies with these tags, or extends their leases: `kind` is ACK, GIVE_BACK, REJECT or
  // EXTEND, the latter three only to a core that can do that. A tag that is settled already, or whose lease has gone, is no
  // error: it has no effect where the copy is with somebody else by then. Never blocks. A layer without this function passes
  // acknowledgements on to the core below.
  int32_t (*acknowledge)(struct mqs_session *session,
                         uint64_t now_ns,
                         const uint64_t *tags,
                         uint32_t n,
                         uint32_t kind,
                         struct mqs_out *out,
                         struct mqs_error *error);
  // `[session]` Once, when no more will be generated: send what you hold back. Does not wait; a `poll`
  // follows.
  int32_t (*flush)(struct mqs_session *session, uint64_t now_ns, struct mqs_error *error);
  // `[control]` Before `open`: make queues, purge. Idempotent.
  int32_t (*prepare)(struct mqs_core *core, struct mqs_error *error);
  // `[control]` After `close`: remove what `prepare` made. Comes also after a session that failed, and where `prepare`
  // or `open` failed, so that there may be less to remove, or nothing.
  int32_t (*clean)(struct mqs_core *core, struct mqs_error *error);
  // `[control]` After `close`: writes up to `cap` bytes of a JSON object for the report to `buf` and its full
  // length to `*len`. Asked again with more room if that did not fit.
  int32_t (*stats)(struct mqs_core *core, uint8_t *buf, uint64_t cap, uint64_t *len, struct mqs_error *error);
  // `[any thread]` A named extension, or NULL.
  const void *(*get_extension)(struct mqs_core *core, struct mqs_str name);
} mqs_core_vtable;

// One core of a library.
typedef struct mqs_core_descriptor {
  // Size of this struct in bytes, as the library knows it.
  uint32_t struct_size;
  // The most agents that can receive; ALL = no bound. Without RECEIVES it has no meaning.
  uint32_t receivers_max;
  // What it can do at most. What it really does under given options, `create` tells.
  uint64_t capabilities;
  // Its name: lower case letters, digits, `_`.
  struct mqs_str id;
  // A sentence about the core, for people.
  struct mqs_str summary;
  // JSON Schema of its options: an object whose properties have descriptions and defaults.
  struct mqs_str options_schema;
  // The functions of the core.
  const struct mqs_core_vtable *vtable;
} mqs_core_descriptor;

// What a library contains. Valid for ever.
typedef struct mqs_plugin_descriptor {
  // Size of this struct in bytes, as the library knows it.
  uint32_t struct_size;
  // The ABI that the library was built for.
  uint32_t abi;
  // The flags of the library: PLUGIN_PANIC_ABORTS, or 0.
  uint64_t flags;
  // The name of the library.
  struct mqs_str name;
  // The version of the library.
  struct mqs_str version;
  // First of `cores_len` pointers to cores.
  const struct mqs_core_descriptor *const *cores;
  // The number of cores.
  uint32_t cores_len;
  // Reserved, and always zero.
  uint32_t reserved;
} mqs_plugin_descriptor;

/* What every core needs, ready to use. All of it is inline: nothing has to be linked. */

/* A text literal as an mqs_str. */
#define MQS_STR(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

/* Length of a stamp's text form: unpadded base64url (RFC 4648, section 5). */
#define MQS_STAMP_TEXT_LEN 43
/* Name of the header or field that carries a stamp. */
#define MQS_STAMP_NAME "mqs-stamp"
/* What a stamp before the content begins with, in a medium without room for a header; a line feed ends it. */
#define MQS_STAMP_PREFIX "mqs1:"

/* Whether a growable struct reaches as far as a field. */
#define MQS_HAS(pointer, type, field) \
  ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

/* Writes a failure into the caller's buffer, cut before the character that does not fit, and returns its status. */
static inline int32_t mqs_fail(mqs_error *error, int32_t code, const char *text)
{
  if (error != NULL) {
    size_t len = strlen(text);
    if (len > error->cap) {
      len = error->cap;
      while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    }
    error->code = code;
    if (error->buf != NULL) {
      memcpy(error->buf, text, len);
      error->len = (uint32_t)len;
    }
  }
  return code;
}

/* Appends the outcome of `count` consecutive tokens; 0 if there is no room. */
static inline int mqs_add_outcome(mqs_out *out, uint64_t first, uint32_t count, uint32_t result,
                                  uint32_t reason, uint64_t at_ns)
{
  mqs_outcome *outcome;
  if (out->outcomes_len >= out->outcomes_cap)
    return 0;
  outcome = &out->outcomes[out->outcomes_len];
  memset(outcome, 0, sizeof *outcome);
  outcome->first = first;
  outcome->count = count;
  outcome->result = result;
  outcome->reason = reason;
  outcome->at_ns = at_ns;
  out->outcomes_len += 1;
  return 1;
}

static inline void mqs_put_le(uint8_t *bytes, uint64_t value, int len)
{
  int i;
  for (i = 0; i < len; i++)
    bytes[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t mqs_get_le(const uint8_t *bytes, int len)
{
  uint64_t value = 0;
  int i;
  for (i = 0; i < len; i++)
    value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

/* Writes the text form of a stamp: MQS_STAMP_TEXT_LEN characters, no NUL. */
static inline void mqs_stamp_encode(const mqs_stamp *stamp, char *text)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  uint8_t bytes[33];
  int i;
  mqs_put_le(bytes, stamp->run, 4);
  mqs_put_le(bytes + 4, stamp->sender, 4);
  mqs_put_le(bytes + 8, stamp->sequence, 8);
  mqs_put_le(bytes + 16, stamp->intended_ns, 8);
  mqs_put_le(bytes + 24, stamp->checksum, 4);
  mqs_put_le(bytes + 28, stamp->type_id, 2);
  bytes[30] = stamp->attempt;
  bytes[31] = stamp->flags;
  bytes[32] = 0;
  for (i = 0; i < MQS_STAMP_TEXT_LEN; i++) {
    unsigned pair = (unsigned)bytes[i * 6 / 8] << 8 | bytes[i * 6 / 8 + 1];
    text[i] = alphabet[pair >> (10 - i * 6 % 8) & 63];
  }
}

/* Reads the text form of a stamp; 0 if it is none. */
static inline int mqs_stamp_decode(const char *text, size_t len, mqs_stamp *stamp)
{
  uint8_t bytes[33];
  int i;
  if (len != MQS_STAMP_TEXT_LEN)
    return 0;
  memset(bytes, 0, sizeof bytes);
  for (i = 0; i < MQS_STAMP_TEXT_LEN; i++) {
    char c = text[i];
    unsigned value, pair;
    if (c >= 'A' && c <= 'Z')
      value = (unsigned)(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = (unsigned)(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = (unsigned)(c - '0') + 52;
    else if (c == '-')
      value = 62;
    else if (c == '_')
      value = 63;
    else
      return 0;
    pair = value << (10 - i * 6 % 8);
    bytes[i * 6 / 8] |= (uint8_t)(pair >> 8);
    bytes[i * 6 / 8 + 1] |= (uint8_t)pair;
  }
  if (bytes[32] != 0)
    return 0;
  stamp->run = (uint32_t)mqs_get_le(bytes, 4);
  stamp->sender = (uint32_t)mqs_get_le(bytes + 4, 4);
  stamp->sequence = mqs_get_le(bytes + 8, 8);
  stamp->intended_ns = mqs_get_le(bytes + 16, 8);
  stamp->checksum = (uint32_t)mqs_get_le(bytes + 24, 4);
  stamp->type_id = (uint16_t)mqs_get_le(bytes + 28, 2);
  stamp->attempt = bytes[30];
  stamp->flags = bytes[31];
  return 1;
}

/* CRC-32C of some bytes (Castagnoli's polynomial), bit by bit: enough for a few messages, not for a flood. */
static inline uint32_t mqs_crc32c(const uint8_t *bytes, size_t len)
{
  uint32_t crc = 0xffffffffu;
  size_t i;
  int bit;
  for (i = 0; i < len; i++) {
    crc ^= bytes[i];
    for (bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1u)));
  }
  return ~crc;
}

/*
 * Keyed luck: what a simulated core draws for a message, the same in any batch, order and crowd (R90 to R93), and the
 * same as the SDK draws in Rust. One source for each purpose, made in `create`; one stream for each message:
 *
 *   uint64_t latency = mqs_luck_source(seed, "mine", "latency");           in create: your core's id, and the purpose
 *   uint64_t luck = mqs_luck(latency, mqs_text_key(name, len), &message->stamp, message->attempt, 0);
 *   double u = mqs_luck_unit(&luck);                                       0 <= u < 1, and so on, draw by draw
 *
 * `name` is the name of the party `stamp.sender` (`run->party_name`; keep the keys). Since 1.1 its key may stand in
 * `message->sender_key`; where that is 0, ask for the name. The last argument is 0, or the `mqs_text_key` of a
 * recipient's name where each copy has a luck of its own.
 */
static inline uint64_t mqs_luck_mix(uint64_t x)
{
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

/* The key of a name or a purpose. */
static inline uint64_t mqs_text_key(const char *text, size_t len)
{
  uint64_t key = mqs_luck_mix((uint64_t)len ^ 0x9e3779b97f4a7c15u);
  size_t i;
  for (i = 0; i < len; i++)
    key = mqs_luck_mix(key ^ (uint8_t)text[i]) + 0x9e3779b97f4a7c15u;
  return mqs_luck_mix(key);
}

/* What is drawn for one purpose by one core or layer, in a run with this seed. */
static inline uint64_t mqs_luck_source(uint64_t seed, const char *core_id, const char *purpose)
{
  uint64_t owner = mqs_luck_mix(seed ^ mqs_text_key(core_id, strlen(core_id)));
  return mqs_luck_mix(owner ^ mqs_text_key(purpose, strlen(purpose)));
}

/* The stream of one message. */
static inline uint64_t mqs_luck(uint64_t source, uint64_t sender_key, const mqs_stamp *stamp, uint8_t attempt,
                                uint64_t recipient_key)
{
  uint64_t sender = mqs_luck_mix(source ^ sender_key);
  return mqs_luck_mix(mqs_luck_mix(sender + stamp->sequence) ^ recipient_key ^ (uint64_t)attempt << 56);
}

/* The next 64 bits of a stream. */
static inline uint64_t mqs_luck_next(uint64_t *stream)
{
  *stream += 0x9e3779b97f4a7c15u;
  return mqs_luck_mix(*stream);
}

/* The next number of a stream in 0 <= u < 1. */
static inline double mqs_luck_unit(uint64_t *stream)
{
  return (double)(mqs_luck_next(stream) >> 11) * (1.0 / 9007199254740992.0);
}

/* What a library exports. On Windows build with MQS_EXPORT as __declspec(dllexport). */
#ifndef MQS_EXPORT
#if defined(_WIN32)
#define MQS_EXPORT __declspec(dllexport)
#else
#define MQS_EXPORT __attribute__((visibility("default")))
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Asked first, frozen for ever: return MQS_ABI. */
MQS_EXPORT uint32_t mqs_plugin_abi(void);
/* Returns a descriptor that stays valid for ever, or NULL after having logged why. */
MQS_EXPORT const mqs_plugin_descriptor *mqs_plugin_entry_v1(const mqs_host *host);

#ifdef __cplusplus
}
#endif

#endif  /* MQSCRIPT_CORE_H */
