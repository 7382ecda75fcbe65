//! The tags of an enum's variants.
//!
//! They are what keys on disk say, so they must not change their meaning; and they increase in the
//! order of declaration, so that keys sort as `derive(Ord)` compares.

use syn::punctuated::Punctuated;
use syn::{Error, Result, Token, Variant};

use crate::attributes::{Attributes, Place, Tag, combine};

/// The tag of each variant, in their order.
pub(crate) fn assign(
    variants: &Punctuated<Variant, Token![,]>,
    reserved: &[Tag],
) -> Result<Vec<Tag>> {
    let mut mistakes: Option<Error> = None;
    let mut written = Vec::new();
    for variant in variants {
        match Attributes::read(&variant.attrs, Place::Variant) {
            Ok(attributes) => written.push(attributes.tag),
            Err(mistake) => combine(&mut mistakes, mistake),
        }
    }
    if let Some(mistakes) = mistakes {
        return Err(mistakes);
    }
    let some = written.iter().any(Option::is_some);
    let mut tags: Vec<Tag> = Vec::new();
    for (at, (variant, tag)) in variants.iter().zip(written).enumerate() {
        let name = &variant.ident;
        let tag = match tag {
            Some(tag) => tag,
            None if some => {
                let text =
                    format!("`{name}` has no tag, and others have: tag all variants or none");
                combine(&mut mistakes, Error::new(name.span(), text));
                continue;
            }
            None => counted(at, name)?,
        };
        if let Err(mistake) = check(tag, &tags, reserved, variants, some) {
            combine(&mut mistakes, mistake);
        }
        tags.push(tag);
    }
    mistakes.map_or(Ok(tags), Err)
}

fn counted(at: usize, name: &syn::Ident) -> Result<Tag> {
    let span = name.span();
    match u16::try_from(at) {
        Ok(number) if number <= crate::attributes::TAG_MAX => Ok(Tag { number, span }),
        _ => Err(Error::new(span, "too many variants for the tags there are")),
    }
}

fn check(
    tag: Tag,
    before: &[Tag],
    reserved: &[Tag],
    variants: &Punctuated<Variant, Token![,]>,
    written: bool,
) -> Result<()> {
    let number = tag.number;
    if let Some(at) = before.iter().position(|earlier| earlier.number == number) {
        let other = variants.get(at).map(|variant| variant.ident.to_string());
        let other = other.unwrap_or_default();
        let text = format!("tag {number} is already that of `{other}`");
        return Err(Error::new(tag.span, text));
    }
    if let Some(last) = before.last().filter(|last| last.number > number) {
        let text = format!(
            "tag {number} comes after tag {}: tags increase in the order of declaration, so that \
             keys sort as `derive(Ord)` compares; reorder the variants",
            last.number
        );
        return Err(Error::new(tag.span, text));
    }
    if reserved.iter().any(|reserved| reserved.number == number) {
        let help = if written {
            "old keys with it mean another variant; give a tag that was never used"
        } else {
            "tags count from 0 where none is given; give all variants their tags"
        };
        let text = format!("tag {number} is reserved: {help}");
        return Err(Error::new(tag.span, text));
    }
    Ok(())
}
