//! Errors as text.

use std::error::Error;

/// An error and all its sources, each once: "cannot connect: connection refused".
pub fn whole_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[derive(Debug)]
    struct Link(&'static str, Option<Box<Link>>);

    impl fmt::Display for Link {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Link {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|link| link as _)
        }
    }

    #[test]
    fn every_source_is_told_once() {
        let inner = Link("refused", Some(Box::new(Link("no route", None))));
        let outer = Link("cannot connect (refused)", Some(Box::new(inner)));
        assert_eq!(whole_chain(&outer), "cannot connect (refused): no route");
    }
}
