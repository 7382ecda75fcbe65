//! `grain serve-metrics`: the figures of a database for Prometheus, over HTTP.
//!
//! Holds the database open, and with it its lock, until it is told to stop; then closes it.

use crate::database;
use crate::failure::{Failure, Result};
use crate::output::{NAME, Output};
use clap::Args;
use grainstore::metrics;
use serde_json::json;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread;

/// Serves the metrics of a database that no program has open at http://ADDRESS/metrics
///
/// It opens the database and holds it until it ends, so it is for a database that no other program
/// uses meanwhile; a program serves its own metrics through the feature `metrics` of the library.
/// It ends with exit code 0 on Ctrl-C, on SIGTERM, and at the end of its input, so an input that is
/// empty ends it at once. There is no encryption and no password: listen within.
#[derive(Debug, Args)]
pub(crate) struct ServeMetrics {
    /// The folder of the database
    dir: PathBuf,
    /// Where to listen; with port 0 the system chooses one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    listen: String,
}

impl ServeMetrics {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let (stop, stopped) = mpsc::channel();
        let told = stop.clone();
        let signals = ctrlc::set_handler(move || {
            let _ = told.send(()); // once it is stopping, nobody listens
        });
        signals.map_err(|error| {
            let what = format!("cannot listen to signals: {error}");
            Failure::new(crate::failure::FAILED, "io", what)
        })?;
        let db = database::open(&self.dir)?;
        let server = metrics::serve(&db, self.listen.as_str()).map_err(|error| {
            let failure = Failure::from(error);
            Failure {
                what: format!("{}, at {}", failure.what, self.listen),
                ..failure.hint("give a free address such as 127.0.0.1:9464 with --listen")
            }
        })?;
        let address = server.addr().to_string();
        let url = format!("http://{address}/metrics");
        if output.is_json() {
            output.document(&json!({ "address": address, "url": url }))?;
        } else {
            output.line(output.paint(NAME, &url))?;
        }
        output.finish()?;
        output.remark("Ctrl-C ends it");
        thread::spawn(move || read_to_the_end(&stop));
        let _ = stopped.recv();
        drop(server);
        Ok(db.close()?)
    }
}

fn read_to_the_end(stop: &Sender<()>) {
    // An input that cannot be read has ended, too.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    let _ = stop.send(());
}
