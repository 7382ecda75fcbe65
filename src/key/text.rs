//! Text: UTF-8 bytes, escaped.
//!
//! `"a\0b"` is `61 01 01 62 00`. The order is that of `str`: by bytes, which is by code points.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::key::escape;
use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::{TextPart, whole_prefix};
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

/// Owned texts, each with the forms that can look it up.
macro_rules! text_key {
    ($($text:ty: $($form:ty),+;)+) => {$(
        impl KeyPart for $text {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                let offset = reader.offset();
                String::from_utf8(reader.escaped()?)
                    .map(Self::from)
                    .map_err(|_| KeyError::new(offset, "text that is not UTF-8"))
            }
            fn shape() -> Shape {
                Shape::leaf("str")
            }
        }
        impl TextPart for $text {
            type Text = str;
            fn encode_start(text: &str, out: &mut Vec<u8>) {
                escape::escape(text.as_bytes(), out);
            }
        }
        whole_prefix! { $text }
        $(impl KeyRef<$text> for $form {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                escape::encode(self.as_bytes(), out);
            }
        })+
    )+};
}

text_key! {
    String: String, str, Cow<'_, str>;
    Box<str>: Box<str>, str, String;
    Rc<str>: Rc<str>, str, String;
    Arc<str>: Arc<str>, str, String;
}
