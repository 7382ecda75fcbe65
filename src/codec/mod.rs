//! Codecs between values and bytes.
