//! Single fields of a JSON object, as the text that they are, without reading the rest.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The texts of these fields of the JSON object `json`, in the order of the names; of a field that
/// comes twice the last one. `others` hears the names of all that were not asked for.
pub(crate) fn pick<'a>(
    json: &'a str,
    names: &[&str],
    others: &mut dyn FnMut(&str),
) -> Result<Vec<Option<&'a str>>, String> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let picker = Picker { names, others };
    let picked = deserializer
        .deserialize_map(picker)
        .map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(picked)
}

struct Picker<'n, 'o> {
    names: &'n [&'n str],
    others: &'o mut dyn FnMut(&str),
}

impl<'de> Visitor<'de> for Picker<'_, '_> {
    type Value = Vec<Option<&'de str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.names.len()];
        let Self { names, others } = self;
        while let Some(at) = map.next_key_seed(Name { names, others })? {
            match at.and_then(|at| found.get_mut(at)) {
                Some(place) => *place = Some(map.next_value::<&RawValue>()?.get()),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Reads a field's name and answers its place among the names wanted.
struct Name<'n, 'o> {
    names: &'n [&'n str],
    others: &'o mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let at = self.names.iter().position(|wanted| *wanted == name);
        if at.is_none() {
            (self.others)(name);
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_as_the_text_that_they_are() {
        let json = r#"{"a": 1.0,"b\u0062":{"a":[ 2 ]},"c":"x","a":1e3}"#;
        let mut others = Vec::new();
        let picked = pick(json, &["bb", "a", "none"], &mut |name| {
            others.push(name.to_owned());
        });
        assert_eq!(picked.unwrap(), [Some(r#"{"a":[ 2 ]}"#), Some("1e3"), None]);
        assert_eq!(others, ["c"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in ["", "[]", "7", "{", "{}{}", r#"{"a":}"#] {
            assert!(pick(json, &["a"], &mut |_| {}).is_err(), "{json}");
        }
    }
}
