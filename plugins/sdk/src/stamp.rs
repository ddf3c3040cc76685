//! The text form of stamps, and the checksum in them.

use crate::abi::Stamp;

/// Length of a stamp's text: 32 bytes in unpadded base64url (RFC 4648 §5).
pub const STAMP_TEXT_LEN: usize = 43;
/// The name of the header or field that carries a stamp.
pub const STAMP_NAME: &str = "mqs-stamp";
/// What a stamp before the content begins with, in a medium without room for a header; a line feed ends it.
pub const STAMP_PREFIX: &str = "mqs1:";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const fn alphabet_values() -> [u8; 256] {
    let mut values = [0xff; 256];
    let mut i = 0;
    while i < 64 {
        values[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    values
}

static VALUES: [u8; 256] = alphabet_values();

impl Stamp {
    /// The 32 bytes, little-endian.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0..4].copy_from_slice(&self.run.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.sender.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.intended_ns.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[28..30].copy_from_slice(&self.type_id.to_le_bytes());
        bytes[30] = self.attempt;
        bytes[31] = self.flags;
        bytes
    }

    /// The stamp that 32 bytes hold.
    pub fn from_bytes(bytes: &[u8; 32]) -> Stamp {
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        Stamp {
            run: u32_at(0),
            sender: u32_at(4),
            sequence: u64_at(8),
            intended_ns: u64_at(16),
            checksum: u32_at(24),
            type_id: u16::from_le_bytes([bytes[28], bytes[29]]),
            attempt: bytes[30],
            flags: bytes[31],
        }
    }

    /// The text form: 43 ASCII characters.
    pub fn encode(self) -> [u8; STAMP_TEXT_LEN] {
        let bytes = self.to_bytes();
        let mut text = [0; STAMP_TEXT_LEN];
        for (i, character) in text.iter_mut().enumerate() {
            // Six bits from bit 6·i on, most significant first; the last character has two bits of padding.
            let (byte, shift) = (i * 6 / 8, i * 6 % 8);
            let pair = u16::from(bytes[byte]) << 8 | u16::from(*bytes.get(byte + 1).unwrap_or(&0));
            *character = ALPHABET[usize::from(pair >> (10 - shift) & 63)];
        }
        text
    }

    /// The stamp of a text; `None` if it is not exactly 43 characters of unpadded base64url.
    pub fn decode(text: &[u8]) -> Option<Stamp> {
        let text: &[u8; STAMP_TEXT_LEN] = text.try_into().ok()?;
        let mut bytes = [0u8; 33];
        for (i, character) in text.iter().enumerate() {
            let value = VALUES[usize::from(*character)];
            if value > 63 {
                return None;
            }
            let (byte, shift) = (i * 6 / 8, i * 6 % 8);
            let pair = u16::from(value) << (10 - shift);
            bytes[byte] |= (pair >> 8) as u8;
            bytes[byte + 1] |= pair as u8;
        }
        // The two bits of padding are zero: a stamp has one text.
        let (stamp, padding) = bytes.split_first_chunk::<32>()?;
        (padding == [0]).then(|| Stamp::from_bytes(stamp))
    }
}

/// Takes a stamp off the front of a content ("mqs1:…\n"), where there is one.
pub fn strip_stamp(content: &[u8]) -> (Option<Stamp>, &[u8]) {
    let prefix = STAMP_PREFIX.len();
    let whole = prefix + STAMP_TEXT_LEN;
    if content.len() > whole
        && content.starts_with(STAMP_PREFIX.as_bytes())
        && content[whole] == b'\n'
        && let Some(stamp) = Stamp::decode(&content[prefix..whole])
    {
        return (Some(stamp), &content[whole + 1..]);
    }
    (None, content)
}

const fn crc_tables() -> [[u32; 256]; 8] {
    let mut tables = [[0u32; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut i = 0;
    while i < 256 {
        let mut table = 1;
        while table < 8 {
            let before = tables[table - 1][i];
            tables[table][i] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            table += 1;
        }
        i += 1;
    }
    tables
}

static CRC: [[u32; 256]; 8] = crc_tables();

/// CRC-32C of `bytes` (Castagnoli's polynomial, as in iSCSI, RFC 3720), eight bytes a step by tables.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let low = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]) ^ crc;
        crc = CRC[7][(low & 0xff) as usize]
            ^ CRC[6][(low >> 8 & 0xff) as usize]
            ^ CRC[5][(low >> 16 & 0xff) as usize]
            ^ CRC[4][(low >> 24) as usize]
            ^ CRC[3][usize::from(chunk[4])]
            ^ CRC[2][usize::from(chunk[5])]
            ^ CRC[1][usize::from(chunk[6])]
            ^ CRC[0][usize::from(chunk[7])];
    }
    for byte in chunks.remainder() {
        crc = crc >> 8 ^ CRC[0][((crc ^ u32::from(*byte)) & 0xff) as usize];
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standard_one() {
        // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn texts_and_stamps_are_one_to_one() {
        let stamp = Stamp {
            run: 0xdead_beef,
            sender: 8,
            sequence: u64::MAX - 1,
            intended_ns: 123_456_789_012,
            checksum: 0x8a91_36aa,
            type_id: 513,
            attempt: 3,
            flags: 0b111,
        };
        let text = stamp.encode();
        assert!(text.iter().all(|c| ALPHABET.contains(c)));
        assert_eq!(Stamp::decode(&text), Some(stamp));
        assert_eq!(Stamp::NONE.encode(), [b'A'; STAMP_TEXT_LEN]);
        for bad in [&text[1..], b"mqs", &[b'='; 43][..], &[b'_'; 43][..]] {
            assert_eq!(Stamp::decode(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_stamp_before_the_content_comes_off() {
        let stamp = Stamp { sequence: 7, ..Stamp::NONE };
        let mut content = b"mqs1:".to_vec();
        content.extend(stamp.encode());
        content.extend(b"\nhello");
        assert_eq!(strip_stamp(&content), (Some(stamp), &b"hello"[..]));
        assert_eq!(strip_stamp(b"mqs1: hello"), (None, &b"mqs1: hello"[..]));
    }
}
