//! What a codec says of a value it cannot write or bytes it cannot read.
//!
//! Plain data, one pointer wide, knowing neither store nor key: the floor above adds those.
//! Its text prints the cause too, which [`source`](std::error::Error::source) also returns.

use std::error::Error;
use std::fmt;

/// A value that could not be encoded, or bytes that could not be decoded.
pub struct CodecError(Box<Parts>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encoding,
    Decoding,
}

struct Parts {
    direction: Direction,
    codec: &'static str,
    text: String,
    offset: Option<usize>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CodecError {
    /// The codec with the id `codec` cannot encode a value; `text` says why.
    #[must_use]
    pub fn encoding(codec: &'static str, text: impl Into<String>) -> Self {
        Self::new(Direction::Encoding, codec, text.into())
    }

    /// The codec with the id `codec` cannot decode some bytes; `text` says why.
    #[must_use]
    pub fn decoding(codec: &'static str, text: impl Into<String>) -> Self {
        Self::new(Direction::Decoding, codec, text.into())
    }

    #[cold]
    fn new(direction: Direction, codec: &'static str, text: String) -> Self {
        Self(Box::new(Parts {
            direction,
            codec,
            text,
            offset: None,
            source: None,
        }))
    }

    /// Adds where in the value's bytes decoding stopped.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// Adds the error that caused this one. The text prints it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The id of the codec.
    #[must_use]
    pub fn codec(&self) -> &'static str {
        self.0.codec
    }

    /// True where a value could not be encoded, false where bytes could not be decoded.
    #[must_use]
    pub fn is_encoding(&self) -> bool {
        self.0.direction == Direction::Encoding
    }

    /// Where decoding stopped, counted from the start of the value's bytes, where that is known.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            direction,
            codec,
            text,
            offset,
            source,
        } = &*self.0;
        let verb = match direction {
            Direction::Encoding => "encode",
            Direction::Decoding => "decode",
        };
        write!(f, "{codec} cannot {verb}: {text}")?;
        if let Some(offset) = offset {
            write!(f, " (at byte {offset})")?;
        }
        match source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_codec_place_and_cause() {
        let cause = std::io::Error::other("too short");
        let error = CodecError::decoding("json/1", "no value")
            .at(7)
            .caused_by(cause);
        assert_eq!(
            error.to_string(),
            "json/1 cannot decode: no value (at byte 7): too short"
        );
        assert_eq!((error.codec(), error.offset()), ("json/1", Some(7)));
        assert!(!error.is_encoding());
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("too short")
        );
        let error = CodecError::encoding("raw/1", "too deep");
        assert_eq!(error.to_string(), "raw/1 cannot encode: too deep");
        assert!(error.is_encoding() && error.source().is_none());
    }

    #[test]
    fn a_codec_error_is_one_pointer_and_crosses_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<CodecError>();
        assert_eq!(size_of::<Result<(), CodecError>>(), size_of::<usize>());
    }
}
