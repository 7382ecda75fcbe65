//! Keys as JSON, by the shape of their store.
//!
//! A key of several components is an array, one of a single component is that component:
//!
//! ```text
//! integers         7, or "340282366920938463463374607431768211455" beyond 64 bits
//! floats           1.5, "NaN", "inf", "-inf"
//! text, char       "ada"
//! bytes            "text", or {"hex":"00ff"} where they are no text that prints
//! Option           null, the value, or {"some":…} where that is an Option itself
//! lists, sets, arrays of components, nested tuples    [1,2]
//! enums            {"tag":1,"of":…}, without "of" where the variant has no fields
//! time             "2026-11-01T12:00:00.5Z"
//! duration         "90s"
//! date, clock      "2026-11-01", "12:00:00.5"; a leap second as "23:59:60.5"
//! addresses, uuid  "127.0.0.1", "01887fe1-3c2a-7000-8000-000000000001"
//! ```
//!
//! What prints reads back to the same bytes. A NaN of other bits than the common one is the one
//! exception: it is shown as "NaN".

use crate::hex;
use crate::json_tree::Tree;
use crate::time_text;
use grainstore::key::{KeyValue, Shape, ShapeKind};

/// The JSON form of a key of this shape.
pub(crate) fn to_json(shape: &Shape, value: &KeyValue) -> Tree {
    match (shape.kind(), value) {
        (ShapeKind::Fields(fields), KeyValue::Fields(values)) => {
            let parts = fields.iter().zip(values);
            Tree::List(parts.map(|(shape, value)| to_json(shape, value)).collect())
        }
        (ShapeKind::List(of) | ShapeKind::Set(of), KeyValue::List(values))
        | (ShapeKind::Array(of, _), KeyValue::List(values)) => {
            Tree::List(values.iter().map(|value| to_json(of, value)).collect())
        }
        (ShapeKind::Descending(of) | ShapeKind::NonZero(of), value) => to_json(of, value),
        (ShapeKind::Option(_), KeyValue::Option(None)) => Tree::Null,
        (ShapeKind::Option(of), KeyValue::Option(Some(value))) => {
            let inner = to_json(of, value);
            match is_option(of) {
                true => Tree::Map(vec![("some".to_owned(), inner)]),
                false => inner,
            }
        }
        (ShapeKind::Variants(variants), KeyValue::Variant(tag, value)) => {
            let mut fields = vec![("tag".to_owned(), Tree::Unsigned((*tag).into()))];
            let shape = variants.iter().find(|(known, _)| known == tag);
            if let Some((_, Some(shape))) = shape
                && !is_empty(shape)
            {
                fields.push(("of".to_owned(), to_json(shape, value)));
            }
            Tree::Map(fields)
        }
        (_, value) => leaf_to_json(value),
    }
}

fn leaf_to_json(value: &KeyValue) -> Tree {
    match value {
        KeyValue::Unsigned(value) => {
            let small = u64::try_from(*value).map(Tree::Unsigned);
            small.unwrap_or_else(|_| Tree::Text(value.to_string()))
        }
        KeyValue::Signed(value) => {
            let small = i64::try_from(*value).map(Tree::Signed);
            small.unwrap_or_else(|_| Tree::Text(value.to_string()))
        }
        KeyValue::F32(value) if value.is_finite() => {
            let digits = format!("{value:e}").parse();
            Tree::Float(digits.unwrap_or(f64::from(*value)))
        }
        KeyValue::F64(value) if value.is_finite() => Tree::Float(*value),
        KeyValue::F32(value) => Tree::Text(value.to_string()),
        KeyValue::F64(value) => Tree::Text(value.to_string()),
        KeyValue::Bool(value) => Tree::Bool(*value),
        KeyValue::Char(value) => Tree::Text(value.to_string()),
        KeyValue::Text(value) => Tree::Text(value.clone()),
        KeyValue::Bytes(bytes) => match printable(bytes) {
            Some(text) => Tree::Text(text.to_owned()),
            None => Tree::Map(vec![("hex".to_owned(), Tree::Text(hex::encode(bytes)))]),
        },
        KeyValue::Duration(span) => Tree::Text(time_text::print_span(*span)),
        KeyValue::Time { seconds, nanos } => Tree::Text(time_text::print_time((*seconds, *nanos))),
        KeyValue::Date(year, month, day) => {
            Tree::Text(time_text::print_date((*year).into(), *month, *day))
        }
        KeyValue::Clock(hour, minute, second, nanos) => {
            Tree::Text(time_text::print_clock([*hour, *minute, *second], *nanos))
        }
        KeyValue::Uuid(id) => {
            let digits = format!("{id:032x}");
            let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
            let groups = groups.map(|group| digits.get(group).unwrap_or_default());
            Tree::Text(groups.join("-"))
        }
        KeyValue::Ipv4(address) => Tree::Text(address.to_string()),
        KeyValue::Ipv6(address) => Tree::Text(address.to_string()),
        // A value of another kind than its shape never comes out of decoding.
        _ => Tree::Null,
    }
}

/// The text that the bytes are, where it has no control characters.
pub(crate) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// The key of this shape that a JSON value stands for; else what it should be.
pub(crate) fn from_json(shape: &Shape, tree: &Tree) -> Result<KeyValue, String> {
    let wrong = || Err(format!("{tree} is no {shape}"));
    match (shape.kind(), tree) {
        (ShapeKind::Fields(fields), Tree::List(values)) if fields.len() == values.len() => {
            let parts = fields.iter().zip(values);
            let parts = parts.map(|(shape, value)| from_json(shape, value));
            Ok(KeyValue::Fields(parts.collect::<Result<_, _>>()?))
        }
        (ShapeKind::List(of) | ShapeKind::Set(of), Tree::List(values))
        | (ShapeKind::Array(of, _), Tree::List(values)) => {
            let parts = values.iter().map(|value| from_json(of, value));
            Ok(KeyValue::List(parts.collect::<Result<_, _>>()?))
        }
        (ShapeKind::Descending(of) | ShapeKind::NonZero(of), tree) => from_json(of, tree),
        (ShapeKind::Option(_), Tree::Null) => Ok(KeyValue::Option(None)),
        (ShapeKind::Option(of), tree) => {
            let inner = match (is_option(of), tree.only_field()) {
                (true, Some(("some", inner))) => inner,
                (true, _) => return wrong(),
                (false, _) => tree,
            };
            Ok(KeyValue::Option(Some(Box::new(from_json(of, inner)?))))
        }
        (ShapeKind::Variants(variants), Tree::Map(fields)) => {
            let Some(Tree::Unsigned(tag)) = tree.field("tag") else {
                return wrong();
            };
            let known = variants.iter().find(|(known, _)| u64::from(*known) == *tag);
            let Some((tag, Some(shape))) = known else {
                return wrong();
            };
            let value = match tree.field("of") {
                Some(of) if fields.len() == 2 => from_json(shape, of)?,
                None if fields.len() == 1 && is_empty(shape) => KeyValue::Fields(Vec::new()),
                _ => return wrong(),
            };
            Ok(KeyValue::Variant(*tag, Box::new(value)))
        }
        (ShapeKind::Leaf(name), tree) => leaf_from_json(name, tree).map_or_else(wrong, Ok),
        (ShapeKind::Custom(_), _) => Err(format!("{shape} is known to its program alone")),
        _ => wrong(),
    }
}

fn leaf_from_json(name: &str, tree: &Tree) -> Option<KeyValue> {
    Some(match (name, tree) {
        ("u8" | "u16" | "u32" | "u64" | "u128", tree) => KeyValue::Unsigned(match tree {
            Tree::Unsigned(value) => (*value).into(),
            Tree::Text(digits) => digits.parse().ok()?,
            _ => return None,
        }),
        ("i8" | "i16" | "i32" | "i64" | "i128", tree) => KeyValue::Signed(match tree {
            Tree::Unsigned(value) => (*value).into(),
            Tree::Signed(value) => (*value).into(),
            Tree::Text(digits) => digits.parse().ok()?,
            _ => return None,
        }),
        ("f32", tree) => KeyValue::F32(number(tree)?.parse().ok()?),
        ("f64", tree) => KeyValue::F64(number(tree)?.parse().ok()?),
        ("bool", Tree::Bool(value)) => KeyValue::Bool(*value),
        ("char", Tree::Text(text)) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(char), None) => KeyValue::Char(char),
                _ => return None,
            }
        }
        ("str", Tree::Text(text)) => KeyValue::Text(text.clone()),
        ("bytes" | "raw", Tree::Text(text)) => KeyValue::Bytes(text.clone().into_bytes()),
        ("bytes" | "raw", tree) => match tree.only_field() {
            Some(("hex", Tree::Text(digits))) => KeyValue::Bytes(hex::decode(digits)?),
            _ => return None,
        },
        ("duration", Tree::Text(text)) => KeyValue::Duration(time_text::parse_span(text)?),
        ("time", Tree::Text(text)) => {
            let (seconds, nanos) = time_text::parse_time(text)?;
            KeyValue::Time { seconds, nanos }
        }
        ("uuid", Tree::Text(text)) => {
            let digits: String = text.chars().filter(|c| *c != '-').collect();
            match digits.len() {
                32 => KeyValue::Uuid(u128::from_str_radix(&digits, 16).ok()?),
                _ => return None,
            }
        }
        ("date", Tree::Text(text)) => {
            let (year, month, day) = time_text::parse_date(text)?;
            KeyValue::Date(i32::try_from(year).ok()?, month, day)
        }
        ("clock", Tree::Text(text)) => {
            let ([hour, minute, second], nanos) = time_text::parse_clock(text)?;
            KeyValue::Clock(hour, minute, second, nanos)
        }
        ("ipv4", Tree::Text(text)) => KeyValue::Ipv4(text.parse().ok()?),
        ("ipv6", Tree::Text(text)) => KeyValue::Ipv6(text.parse().ok()?),
        _ => return None,
    })
}

/// A number as digits, so that 32 bits are rounded once.
fn number(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Unsigned(value) => Some(value.to_string()),
        Tree::Signed(value) => Some(value.to_string()),
        Tree::Float(value) => Some(value.to_string()),
        Tree::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// True where a JSON null could be meant for two levels of it.
fn is_option(shape: &Shape) -> bool {
    match shape.kind() {
        ShapeKind::Option(_) => true,
        ShapeKind::Descending(of) => is_option(of),
        _ => false,
    }
}

fn is_empty(shape: &Shape) -> bool {
    matches!(shape.kind(), ShapeKind::Fields([]))
}

/// True where the component is a text, bytes or another thing that JSON writes in quotes, so that
/// a single one may come without them.
pub(crate) fn is_text(shape: &Shape) -> bool {
    match shape.kind() {
        ShapeKind::Leaf(name) => matches!(
            name,
            "str"
                | "char"
                | "bytes"
                | "raw"
                | "time"
                | "duration"
                | "ipv4"
                | "ipv6"
                | "uuid"
                | "date"
                | "clock"
        ),
        ShapeKind::Descending(of) => is_text(of),
        _ => false,
    }
}

/// True where longer components can begin with shorter ones: text and bytes.
pub(crate) fn has_start(shape: &Shape) -> bool {
    match shape.kind() {
        ShapeKind::Leaf(name) => matches!(name, "str" | "bytes" | "raw"),
        ShapeKind::Descending(of) => has_start(of),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(schema: &str, json: &str) {
        let shape = Shape::from_schema(&format!("k1:{schema}")).unwrap();
        let value = from_json(&shape, &Tree::parse(json).unwrap()).unwrap();
        let bytes = shape.encode(&value).unwrap();
        let read = shape.decode(&bytes).unwrap();
        assert_eq!(to_json(&shape, &read).to_string(), json, "{schema}");
    }

    #[test]
    fn keys_come_back_from_their_json() {
        for (schema, json) in [
            ("{str,desc(u64)}", r#"["acme",7]"#),
            ("u128", r#""340282366920938463463374607431768211455""#),
            ("i128", "-5"),
            ("{f32,f64}", "[0.1,-0.0]"),
            ("f64", r#""-inf""#),
            ("{}", "[]"),
            ("bytes", r#""text""#),
            ("raw", r#"{"hex":"00ff"}"#),
            (
                "{opt(u8),opt(opt(u8)),opt(opt(u8)),opt(opt(u8))}",
                r#"[null,null,{"some":null},{"some":3}]"#,
            ),
            ("enum{0:{},1:str,7:{u8,bool}}", r#"{"tag":0}"#),
            ("enum{0:{},1:str,7:{u8,bool}}", r#"{"tag":7,"of":[1,true]}"#),
            ("list({str,u8})", r#"[["a",1],["b",2]]"#),
            ("set(i16)", "[-1,4]"),
            ("array(u8,3)", "[1,2,3]"),
            ("{time,duration}", r#"["2026-11-01T12:00:00.5Z","90.25s"]"#),
            ("{ipv4,ipv6,char,bool}", r#"["127.0.0.1","::1","é",false]"#),
            ("nonzero(u8)", "1"),
            ("uuid", r#""01887fe1-3c2a-7000-8000-000000000001""#),
            ("{date,clock}", r#"["2024-02-29","23:59:60.5"]"#),
            ("{date,clock}", r#"["-0044-03-15","00:00:00"]"#),
            ("{date,clock}", r#"["12345-12-31","00:00:60"]"#),
        ] {
            holds(schema, json);
        }
    }

    #[test]
    fn json_of_another_shape_is_refused() {
        for (schema, json) in [
            ("{str,u64}", r#"["acme"]"#),
            ("u64", "-1"),
            ("u64", "1.5"),
            ("char", r#""ab""#),
            ("opt(opt(u8))", "3"),
            ("enum{0:{}}", r#"{"tag":1}"#),
            ("enum{0:{}}", r#"{"tag":0,"of":[],"and":1}"#),
            ("custom(x)", "1"),
            ("uuid", r#""01887fe1""#),
            ("date", r#""2024""#),
            ("clock", r#""1:00:00""#),
            ("raw", r#"{"hex":"0"}"#),
        ] {
            let shape = Shape::from_schema(&format!("k1:{schema}")).unwrap();
            let tree = Tree::parse(json).unwrap();
            assert!(from_json(&shape, &tree).is_err(), "{schema} {json}");
        }
    }
}
