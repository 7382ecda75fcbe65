//! `grain export`: records as NDJSON or CSV, in constant memory.

use crate::commands::scan::RangeArguments;
use crate::failure::{Failure, Result};
use crate::fields;
use crate::forms::{Forms, Shown};
use crate::json_tree::{self, Tree};
use crate::output::Output;
use crate::progress::Progress;
use crate::records::{Place, Record};
use crate::rows::FileFormat;
use clap::Args;
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes records as NDJSON or CSV
///
/// Lines are {"key":…,"value":…}, and `import` makes an equal store of them. With --values a line
/// is the value alone, as it was imported with --key. Bytes that are no text or JSON are written
/// as "key_hex" and "value_hex"; MessagePack values are written as JSON, in which floats of 32
/// bits come back as ones of 64 (--value-format hex keeps the bytes). All records are of one
/// moment.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    range: RangeArguments,
    /// The file; left away, the standard output. It must not be there
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrites the file
    #[arg(long, requires = "output")]
    force: bool,
    /// The format [default: csv for a file that ends so, else ndjson]
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Values alone, without keys
    #[arg(long)]
    values: bool,
    /// Writes when records expire, so that an import keeps it
    #[arg(long, conflicts_with = "values")]
    keep_ttl: bool,
    /// The fields of values that become the columns of CSV
    #[arg(
        long,
        value_name = "FIELDS",
        value_delimiter = ',',
        requires = "values"
    )]
    columns: Vec<String>,
    /// Cells that `import --json-cells` reads back as they were: texts that could be read as JSON
    /// are put in quotes
    #[arg(long, requires = "columns")]
    json_cells: bool,
}

impl Export {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let format = FileFormat::of(self.format, self.output.as_deref());
        if format == FileFormat::Csv && self.values && self.columns.is_empty() {
            let text = "the columns of CSV are not known before all records are read";
            return Err(
                Failure::usage(text).hint("name them with --columns, or leave --values away")
            );
        }
        if format == FileFormat::Ndjson && !self.columns.is_empty() {
            return Err(Failure::usage(
                "--columns are those of CSV; say --format csv",
            ));
        }
        let records = self.place.open()?;
        let range = self.range.of(&records.forms)?;
        let target = self.output.clone();
        let mut written = 0_u64;
        let progress = Progress::new(output, "exporting", None);
        match &target {
            None => {
                let mut lines = Lines::new(&self, format, output)?;
                records.walk(range, false, usize::MAX, |key, record| {
                    written += 1;
                    progress.reached(written);
                    lines.write(&records.forms, key, &record)
                })?;
                lines.finish()?;
            }
            Some(path) => {
                let part = part_of(path);
                let mut file = self.create(path, &part)?;
                let mut lines = Lines::new(&self, format, &mut file)?;
                let walked = records.walk(range, false, usize::MAX, |key, record| {
                    written += 1;
                    progress.reached(written);
                    lines.write(&records.forms, key, &record)
                });
                let done = walked.and_then(|()| lines.finish());
                drop(lines);
                let done = done.and_then(|()| finish_file(file, &part, path));
                if done.is_err() {
                    let _ = fs::remove_file(&part); // of no use
                }
                done?;
            }
        }
        drop(progress);
        records.db.close()?;
        match target {
            None => Ok(()), // the records themselves are the result
            Some(path) => {
                let path = path.display().to_string();
                output.done(
                    format_args!("exported {written} records to {path}"),
                    &json!({ "exported": written, "file": path }),
                )
            }
        }
    }

    fn create(&self, path: &Path, part: &Path) -> Result<BufWriter<File>> {
        if !self.force && path.exists() {
            let failure = Failure::usage(format!("{} is there already", path.display()));
            return Err(failure.hint("--force overwrites it"));
        }
        let file = File::create(part);
        let file = file.map_err(|error| cannot_write(part, &error))?;
        Ok(BufWriter::with_capacity(256 << 10, file))
    }
}

/// Where the lines gather until they are all there.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn finish_file(file: BufWriter<File>, part: &Path, path: &Path) -> Result<()> {
    let file = file
        .into_inner()
        .map_err(|error| cannot_write(part, error.error()))?;
    file.sync_all()
        .map_err(|error| cannot_write(part, &error))?;
    fs::rename(part, path).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(format_args!("cannot write {}", path.display()), error)
}

/// Writes records in one of the formats.
struct Lines<'a> {
    export: &'a Export,
    to: To<'a>,
}

enum To<'a> {
    Ndjson(&'a mut dyn Write),
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
}

impl<'a> Lines<'a> {
    fn new(export: &'a Export, format: FileFormat, out: &'a mut dyn Write) -> Result<Self> {
        let to = match format {
            FileFormat::Ndjson => To::Ndjson(out),
            FileFormat::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                let headings: Vec<&str> = match (export.columns.is_empty(), export.keep_ttl) {
                    (false, _) => export.columns.iter().map(String::as_str).collect(),
                    (true, true) => vec!["key", "value", "expires_at_ms"],
                    (true, false) => vec!["key", "value"],
                };
                writer.write_record(headings).map_err(csv_failure)?;
                To::Csv(Box::new(writer))
            }
        };
        Ok(Self { export, to })
    }

    fn write(&mut self, forms: &Forms, key: &[u8], record: &Record) -> Result<()> {
        let value = forms.show_value(&record.value);
        let expiry_ms = match self.export.keep_ttl {
            true => record.expires_at_ms,
            false => None,
        };
        match &mut self.to {
            To::Ndjson(out) => {
                let line = match (self.export.values, expiry_ms) {
                    (true, _) => document(forms, key, &value)?.to_owned(),
                    (false, expiry_ms) => {
                        let expiry = expiry_ms
                            .map_or_else(String::new, |ms| format!(",\"expires_at_ms\":{ms}"));
                        let (key, value) = (forms.show_key(key).field("key"), value.field("value"));
                        format!("{{{key},{value}{expiry}}}")
                    }
                };
                writeln!(out, "{line}").map_err(|error| Failure::io("cannot write", &error))
            }
            To::Csv(writer) => {
                let cells = if self.export.values {
                    cells(self.export, document(forms, key, &value)?)?
                } else {
                    let mut cells = vec![cell(&forms.show_key(key)), cell(&value)];
                    if self.export.keep_ttl {
                        cells.push(expiry_ms.map_or_else(String::new, |ms| ms.to_string()));
                    }
                    cells
                };
                writer.write_record(cells).map_err(csv_failure)
            }
        }
    }

    fn finish(&mut self) -> Result<()> {
        match &mut self.to {
            To::Ndjson(_) => Ok(()),
            To::Csv(writer) => {
                let flushed = writer.flush();
                flushed.map_err(|error| Failure::io("cannot write", &error))
            }
        }
    }
}

/// The value as JSON that stands alone.
fn document<'a>(forms: &Forms, key: &[u8], value: &'a Shown) -> Result<&'a str> {
    match value {
        Shown::Json(json) => Ok(json),
        _ => {
            let key = forms.show_key(key).plain();
            let failure = Failure::usage(format!("the value under the key {key} is no JSON"));
            Err(failure.hint("leave --values away"))
        }
    }
}

/// Fields of a value as cells.
fn cells(export: &Export, json: &str) -> Result<Vec<String>> {
    let names: Vec<&str> = export.columns.iter().map(String::as_str).collect();
    let found = fields::pick(json, &names, &mut |_| {}).map_err(Failure::usage)?;
    let cell = |field: Option<&str>| match field {
        None => String::new(),
        Some(json) => match Tree::parse(json) {
            Ok(Tree::Text(text)) => {
                let could_be_json = text.is_empty() || json_tree::raw_text(&text).is_ok();
                match export.json_cells && could_be_json {
                    true => json.to_owned(),
                    false => text,
                }
            }
            _ => json.to_owned(),
        },
    };
    Ok(found.into_iter().map(cell).collect())
}

/// A key or value as the cell of an export.
fn cell(shown: &Shown) -> String {
    match shown {
        Shown::Json(json) => json.clone(),
        Shown::Text(text) => json_tree::quote(text),
        Shown::Hex(digits) => format!("0x{digits}"),
    }
}

fn csv_failure(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::io("cannot write", &error),
        kind => Failure::usage(format!("cannot write CSV: {kind:?}")),
    }
}
