//! The fenced blocks of a page.

/// One fenced block.
pub struct Block {
    /// What follows the fence: the language, and what the tests make of it.
    pub info: String,
    /// The line of the fence, from 1.
    pub line: usize,
    /// What is inside, each line with its end.
    pub text: String,
}

/// All of them, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                open = Some(Block { info: info.to_owned(), line: index + 1, text: String::new() });
            }
            (None, Some(block)) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block is never closed");
    blocks
}
