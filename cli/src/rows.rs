//! The rows of a file to import, one at a time, each as a JSON object: lines of NDJSON as they
//! are, rows of CSV put together from their cells. Memory holds one row.

use crate::failure::{Failure, Result};
use crate::json_tree;
use clap::ValueEnum;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

/// The longest line, in bytes: more than this is no line but another kind of file.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// One JSON document a line
    Ndjson,
    /// Comma-separated values with a line of headings
    Csv,
}

impl FileFormat {
    /// The format asked for, else the one that the name of the file says.
    pub(crate) fn of(asked: Option<Self>, file: Option<&Path>) -> Self {
        let extension = file.and_then(Path::extension);
        asked.unwrap_or(
            match extension.is_some_and(|end| end.eq_ignore_ascii_case("csv")) {
                true => Self::Csv,
                false => Self::Ndjson,
            },
        )
    }
}

/// How the cells of CSV become JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// Each a text.
    Text,
    /// JSON where it is JSON, missing where it is empty, else text.
    Json,
    /// JSON alone, or `0x` and the digits of bytes: keys and values of an export.
    Encoded,
}

/// Reads rows.
pub(crate) struct Rows {
    source: Source,
    read: Rc<Cell<u64>>,
    line: u64,
}

enum Source {
    Lines {
        input: BufReader<Counted>,
        line: Vec<u8>,
    },
    Csv {
        input: Box<csv::Reader<Counted>>,
        headings: Vec<String>,
        cells: Cells,
        row: csv::StringRecord,
    },
}

/// A row, or why it is none.
pub(crate) type Row = Result<String, String>;

impl Rows {
    /// The rows of a file, or of the standard input where there is none; also its length.
    pub(crate) fn open(
        file: Option<&Path>,
        format: FileFormat,
        cells: Cells,
    ) -> Result<(Self, Option<u64>)> {
        let read = Rc::new(Cell::new(0));
        let (input, length): (Box<dyn Read>, _) = match file {
            None => (Box::new(io::stdin()), None),
            Some(path) => {
                let doing = || format!("cannot read {}", path.display());
                let file = File::open(path).map_err(|error| Failure::io(doing(), &error))?;
                let metadata = file
                    .metadata()
                    .map_err(|error| Failure::io(doing(), &error))?;
                let length = metadata.is_file().then_some(metadata.len());
                (Box::new(file), length)
            }
        };
        let bytes = Rc::clone(&read);
        let input = Counted { input, bytes };
        let source = match format {
            FileFormat::Ndjson => Source::Lines {
                input: BufReader::with_capacity(256 << 10, input),
                line: Vec::new(),
            },
            FileFormat::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
                let headings = reader.headers().map_err(|error| csv_failure(&error))?;
                let headings = headings.iter().map(str::to_owned).collect();
                let (input, row) = (Box::new(reader), csv::StringRecord::new());
                Source::Csv {
                    input,
                    headings,
                    cells,
                    row,
                }
            }
        };
        let line = 0;
        Ok((Self { source, read, line }, length))
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    /// The line on which the last row began, counted from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The next row; `None` at the end. The outer error is one of the file, and the end of it.
    pub(crate) fn next(&mut self) -> Result<Option<Row>> {
        match &mut self.source {
            Source::Lines { input, line } => next_line(input, line, &mut self.line),
            Source::Csv {
                input,
                headings,
                cells,
                row,
            } => match input.read_record(row) {
                Ok(false) => Ok(None),
                Ok(true) => {
                    self.line = row.position().map_or(0, csv::Position::line);
                    Ok(Some(object(headings, row, *cells)))
                }
                Err(error) => {
                    self.line = error.position().map_or(self.line, csv::Position::line);
                    match error.kind() {
                        csv::ErrorKind::Utf8 { .. } => Ok(Some(Err("it is not UTF-8".to_owned()))),
                        _ => Err(csv_failure(&error)),
                    }
                }
            },
        }
    }
}

fn next_line(
    input: &mut BufReader<Counted>,
    line: &mut Vec<u8>,
    number: &mut u64,
) -> Result<Option<Row>> {
    loop {
        line.clear();
        *number += 1;
        let read = input.take(LINE_BYTES_MAX + 1).read_until(b'\n', line);
        let read = read.map_err(|error| Failure::io("cannot read the input", &error))?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 > LINE_BYTES_MAX {
            let text = format!("line {number} is longer than {LINE_BYTES_MAX} bytes");
            return Err(Failure::usage(text).hint("is it NDJSON, one document a line?"));
        }
        let Ok(text) = std::str::from_utf8(line) else {
            return Ok(Some(Err("it is not UTF-8".to_owned())));
        };
        let text = match *number {
            1 => text.trim_start_matches('\u{feff}'),
            _ => text,
        };
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if !text.is_empty() {
            return Ok(Some(Ok(text.to_owned())));
        }
    }
}

/// A row of CSV as a JSON object.
fn object(headings: &[String], row: &csv::StringRecord, cells: Cells) -> Row {
    if row.len() != headings.len() {
        let (found, wanted) = (row.len(), headings.len());
        return Err(format!(
            "it has {found} cells, and the headings are {wanted}"
        ));
    }
    let mut json = String::from("{");
    for (heading, cell) in headings.iter().zip(row) {
        let is_missing = cells != Cells::Text && cell.is_empty();
        if is_missing {
            continue;
        }
        if json.len() > 1 {
            json.push(',');
        }
        let digits = match cells {
            Cells::Encoded => cell.strip_prefix("0x"),
            _ => None,
        };
        if let Some(digits) = digits {
            let name = json_tree::quote(&format!("{heading}_hex"));
            json.push_str(&format!("{name}:{}", json_tree::quote(digits)));
            continue;
        }
        let value = match cells {
            Cells::Text => json_tree::quote(cell),
            Cells::Json => json_tree::raw_text(cell).unwrap_or_else(|_| json_tree::quote(cell)),
            Cells::Encoded => {
                json_tree::raw_text(cell).map_err(|error| format!("the {heading}: {error}"))?
            }
        };
        json.push_str(&format!("{}:{value}", json_tree::quote(heading)));
    }
    json.push('}');
    Ok(json)
}

fn csv_failure(error: &csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::Io(error) => Failure::io("cannot read the input", error),
        _ => Failure::usage(format!("the input is no CSV: {error}")),
    }
}

/// Counts what is read.
struct Counted {
    input: Box<dyn Read>,
    bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}
