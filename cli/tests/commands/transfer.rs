//! Import and export: what goes in comes out, to the byte.

use crate::runner::{Folder, documents};
use grainstore::{Db, Json, MessagePack};
use serde_json::json;
use std::fs;

/// Lines that are hard to keep as they are: numbers, spaces, order, fields twice, escapes.
const LINES: [&str; 6] = [
    r#"{"id":1,"country":"DE","x":1.0,"y":1e3,"z":-0}"#,
    r#"{ "country" : "DE" , "id" : 2, "big": 123456789012345678901234567890.5 }"#,
    r#"{"id":3,"country":"DE","z":1,"a":2,"z":3,"text":"\u00e9\/\n"}"#,
    r#"{"id":18446744073709551615,"country":"","deep":[[[{"a":[]}]]]}"#,
    r#"{"country":"\u0000","id":0}"#,
    r#"{"country":"Ö","id":7,"note":"a,\"b\";c"}"#,
];

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn loaded() -> Folder {
    let folder = Folder::new();
    fs::write(folder.join("in.ndjson"), LINES.join("\n")).unwrap();
    let import = [
        "import",
        "db",
        "in.ndjson",
        "-s",
        "c",
        "--key",
        "country,id",
    ];
    let said = folder.ok(&[&import[..], &["--key-type", "str,u64"]].concat());
    assert_eq!(said, "imported 6 records\n");
    folder
}

#[test]
fn a_json_store_gives_back_every_line_as_it_was() {
    let folder = loaded();
    let out = folder.ok(&["export", "db", "-s", "c", "--values"]);
    assert_eq!(sorted(&out), sorted(&LINES.join("\n")));
    let db = Db::open(folder.join("db")).unwrap();
    let store = db
        .store_with::<(String, u64), serde_json::Value, _>("c", Json)
        .unwrap();
    assert_eq!(
        store.get(&("Ö", 7)).unwrap().unwrap()["note"],
        json!("a,\"b\";c")
    );
}

#[test]
fn an_export_makes_an_equal_store_through_either_format() {
    let folder = loaded();
    let values = folder.ok(&["export", "db", "-s", "c"]);
    for file in ["out.ndjson", "out.csv"] {
        folder.ok(&["export", "db", "-s", "c", "-o", file]);
        let copy = format!("copy of {file}");
        folder.ok(&["import", &copy, file, "-s", "c", "--key-type", "str,u64"]);
        assert_eq!(folder.ok(&["export", &copy, "-s", "c"]), values, "{file}");
    }
    assert_eq!(documents(&values)[0]["key"], json!(["", u64::MAX]));
}

#[test]
fn real_cities_go_in_and_come_out_also_through_columns() {
    let cities = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/data/cities.ndjson"
    );
    let text = fs::read_to_string(cities).unwrap();
    let folder = Folder::new();
    let types = ["-s", "c", "--key", "country,id", "--key-type", "str,u64"];
    folder.ok(&[&["import", "db", cities], &types[..]].concat());
    let out = folder.ok(&["export", "db", "-s", "c", "--values"]);
    assert_eq!(sorted(&out), sorted(&text));

    let columns = "id,country,admin1,name,lat,lon,population,timezone";
    let export = [
        "export",
        "db",
        "-s",
        "c",
        "--values",
        "-o",
        "out.csv",
        "--json-cells",
    ];
    folder.ok(&[&export[..], &["--columns", columns]].concat());
    let import = ["import", "copy", "out.csv", "--json-cells"];
    folder.ok(&[&import[..], &types[..]].concat());
    let out = folder.ok(&["export", "copy", "-s", "c", "--values"]);
    assert_eq!(sorted(&out), sorted(&text));
}

#[test]
fn message_pack_stores_take_json_and_keep_its_order() {
    let folder = Folder::new();
    fs::write(
        folder.join("in.ndjson"),
        "{\"z\":1.5,\"id\":7,\"a\":[null,-3]}\n",
    )
    .unwrap();
    let import = [
        "import",
        "db",
        "in.ndjson",
        "-s",
        "c",
        "--key",
        "id",
        "--key-type",
        "u64",
    ];
    folder.ok(&[&import[..], &["--codec", "msgpack"]].concat());
    let out = folder.ok(&["export", "db", "-s", "c", "--values"]);
    assert_eq!(out, "{\"z\":1.5,\"id\":7,\"a\":[null,-3]}\n");
    let db = Db::open(folder.join("db")).unwrap();
    let store = db
        .store_with::<u64, serde_json::Value, _>("c", MessagePack)
        .unwrap();
    assert_eq!(
        store.get(&7).unwrap().unwrap(),
        json!({ "z": 1.5, "id": 7, "a": [null, -3] })
    );
}

#[test]
fn lifetimes_and_bytes_survive_an_export() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    folder.ok(&["put", "db", "a", "1", "--ttl", "2099-01-01T00:00:00Z"]);
    folder.ok(&["put", "db", "b", "ff", "--value-format", "hex"]);
    folder.ok(&["put", "db", "c,\"d\"\n", "x"]);
    let all = folder.ok(&["scan", "db", "--json"]);
    for file in ["out.ndjson", "out.csv"] {
        folder.ok(&["export", "db", "-o", file, "--keep-ttl"]);
        let copy = format!("copy of {file}");
        folder.ok(&["init", &copy]);
        folder.ok(&["import", &copy, file]);
        assert_eq!(folder.ok(&["scan", &copy, "--json"]), all, "{file}");
    }
    // A scan as JSON is an export, too; lifetimes are left away only where that was asked for.
    folder.ok(&["init", "third"]);
    assert_eq!(
        folder.run_with(&["import", "third"], all.as_bytes()).code,
        0
    );
    assert_eq!(folder.ok(&["scan", "third", "--json"]), all);
    folder.ok(&["init", "fourth"]);
    let bare = folder.ok(&["export", "db"]);
    folder.run_with(&["import", "fourth", "--ttl", "1h"], bare.as_bytes());
    assert_ne!(folder.ok(&["ttl", "fourth", "b"]), "never\n");
}

#[test]
fn a_bad_row_is_told_with_its_line_and_what_came_before_it_stays() {
    let folder = Folder::new();
    let rows = "{\"id\":1}\n\n{\"id\":2}\n{\"id\":\"x\"}\n{\"no\":1}\nnot json\n{\"id\":3}\n";
    fs::write(folder.join("in"), rows).unwrap();
    let import = [
        "import",
        "db",
        "in",
        "-s",
        "c",
        "--key",
        "id",
        "--key-type",
        "u64",
    ];
    let error = folder.fails(2, &import);
    assert!(error.contains("in, line 4: \"x\" is no u64"), "{error}");
    assert!(error.contains("2 records before it are loaded"), "{error}");
    assert_eq!(folder.ok(&["count", "db", "-s", "c"]), "2\n");
    let ran = folder.run(&[&import[..], &["--skip-bad"]].concat());
    assert_eq!(
        (ran.code, ran.output.as_str()),
        (0, "imported 3 records, skipped 3 bad rows\n")
    );
    assert!(
        ran.errors.contains("line 5: it has no field \"id\""),
        "{}",
        ran.errors
    );
    assert!(ran.errors.contains("line 6"), "{}", ran.errors);
    let ran = folder.run(&[&import[..], &["--skip-bad", "--json"]].concat());
    assert_eq!(ran.documents(), [json!({ "imported": 3, "skipped": 3 })]);
}

#[test]
fn csv_without_options_is_text_and_uneven_rows_are_bad() {
    let folder = Folder::new();
    fs::write(
        folder.join("in.csv"),
        "id,name\n007,\"a \"\"b\"\"\"\n8,,9\n",
    )
    .unwrap();
    let import = [
        "import",
        "db",
        "in.csv",
        "-s",
        "c",
        "--key",
        "id",
        "--key-type",
        "str",
    ];
    let error = folder.fails(2, &import);
    assert!(
        error.contains("line 3: it has 3 cells, and the headings are 2"),
        "{error}"
    );
    let out = folder.ok(&["export", "db", "-s", "c", "--values"]);
    assert_eq!(out, "{\"id\":\"007\",\"name\":\"a \\\"b\\\"\"}\n");
}

#[test]
fn a_file_is_not_overwritten_unasked_and_never_half() {
    let folder = loaded();
    fs::write(folder.join("out"), "precious").unwrap();
    let export = ["export", "db", "-s", "c", "-o", "out"];
    let error = folder.fails(2, &export);
    assert!(error.contains("is there already"), "{error}");
    assert_eq!(fs::read_to_string(folder.join("out")).unwrap(), "precious");
    folder.ok(&[&export[..], &["--force"]].concat());
    assert_eq!(
        fs::read_to_string(folder.join("out"))
            .unwrap()
            .lines()
            .count(),
        6
    );
    assert!(!folder.join("out.part").exists());
}
