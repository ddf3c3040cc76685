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
