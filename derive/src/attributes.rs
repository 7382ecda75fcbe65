//! Reading `#[key(..)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, LitInt, LitStr, Path, Result, Token, WherePredicate};

use crate::suggestion::closest;

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Struct,
    Enum,
    Variant,
    Field,
}

impl Place {
    fn article(self) -> &'static str {
        match self {
            Place::Struct => "a struct",
            Place::Enum => "an enum",
            Place::Variant => "a variant",
            Place::Field => "a field",
        }
    }
}

/// Every attribute, and where it belongs.
const KNOWN: [(&str, &[Place]); 7] = [
    ("desc", &[Place::Field]),
    ("with", &[Place::Field]),
    ("tag", &[Place::Variant]),
    ("reserved", &[Place::Enum]),
    ("prefixes", &[Place::Struct, Place::Enum]),
    ("bound", &[Place::Struct, Place::Enum]),
    ("crate", &[Place::Struct, Place::Enum]),
];

/// A tag and where it was written.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) number: u16,
    pub(crate) span: Span,
}

/// The attributes of one place; which of them can be there, [`KNOWN`] says.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) desc: bool,
    pub(crate) with: Option<Path>,
    pub(crate) tag: Option<Tag>,
    pub(crate) reserved: Vec<Tag>,
    pub(crate) prefixes: bool,
    pub(crate) bound: Option<Punctuated<WherePredicate, Token![,]>>,
    pub(crate) crate_path: Option<Path>,
}

impl Attributes {
    /// Reads the attributes at `place`, every mistake in them at once.
    pub(crate) fn read(attributes: &[Attribute], place: Place) -> Result<Self> {
        let mut read = Self::default();
        let mut seen = Vec::new();
        let mut mistakes: Option<Error> = None;
        for attribute in attributes.iter().filter(|at| at.path().is_ident("key")) {
            let outcome = attribute.parse_nested_meta(|meta| {
                let name = check_name(&meta, place)?;
                if seen.contains(&name) {
                    return Err(meta.error(format!("`{name}` is given twice")));
                }
                read.take(name, &meta)?;
                seen.push(name);
                Ok(())
            });
            if let Err(mistake) = outcome {
                combine(&mut mistakes, mistake);
            }
        }
        mistakes.map_or(Ok(read), Err)
    }

    fn take(&mut self, name: &str, meta: &ParseNestedMeta<'_>) -> Result<()> {
        match name {
            "desc" => self.desc = true,
            "prefixes" => self.prefixes = true,
            "with" => self.with = Some(quoted_or_plain(meta)?),
            "crate" => self.crate_path = Some(quoted_or_plain(meta)?),
            "tag" => self.tag = Some(tag(meta.value()?)?),
            "reserved" => {
                let list;
                syn::parenthesized!(list in meta.input);
                let tags = Punctuated::<Tag, Token![,]>::parse_terminated(&list)?;
                self.reserved = tags.into_iter().collect();
            }
            _ => {
                let text: LitStr = meta.value()?.parse()?;
                self.bound = Some(text.parse_with(Punctuated::parse_terminated)?);
            }
        }
        Ok(())
    }
}

/// Adds `mistake` to those found so far.
pub(crate) fn combine(mistakes: &mut Option<Error>, mistake: Error) {
    match mistakes {
        Some(mistakes) => mistakes.combine(mistake),
        None => *mistakes = Some(mistake),
    }
}

fn check_name(meta: &ParseNestedMeta<'_>, place: Place) -> Result<&'static str> {
    let written = meta
        .path
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    let Some((name, places)) = KNOWN.iter().find(|(name, _)| *name == written) else {
        let names: Vec<&str> = KNOWN
            .iter()
            .filter(|(_, places)| places.contains(&place))
            .map(|(name, _)| *name)
            .collect();
        let help = match closest(&written, &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("on {} there is `{}`", place.article(), names.join("`, `")),
        };
        return Err(meta.error(format!("unknown attribute `{written}`: {help}")));
    };
    if !places.contains(&place) {
        let right: Vec<&str> = places.iter().map(|place| place.article()).collect();
        return Err(meta.error(format!(
            "`{name}` belongs on {}, not on {}",
            right.join(" or "),
            place.article()
        )));
    }
    Ok(name)
}

/// `= "a::path"`, or `= a::path` alike.
fn quoted_or_plain(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        value.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        value.call(Path::parse_mod_style)
    }
}

/// The largest tag that two bytes hold.
pub(crate) const TAG_MAX: u16 = 0xF0 + 0x0FFF;

fn tag(input: ParseStream<'_>) -> Result<Tag> {
    let literal: LitInt = input.parse()?;
    match literal.base10_parse::<u16>() {
        Ok(number) if number <= TAG_MAX => Ok(Tag {
            number,
            span: literal.span(),
        }),
        _ => Err(Error::new(
            literal.span(),
            format!("a tag is a number from 0 to {TAG_MAX}"),
        )),
    }
}

impl Parse for Tag {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        tag(input)
    }
}
