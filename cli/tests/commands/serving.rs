//! The metrics of a database over HTTP: found where the program says, gone when it is told to stop.

use crate::runner::{Folder, documents};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

fn start(folder: &Folder) -> (Child, String) {
    let arguments = ["--json", "serve-metrics", "db", "--listen", "127.0.0.1:0"];
    let mut command = folder.command(&arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.as_mut().unwrap());
    output.read_line(&mut line).unwrap();
    let said = documents(&line).remove(0);
    let address = said["address"].as_str().unwrap().to_owned();
    assert_eq!(said["url"], format!("http://{address}/metrics"));
    (child, address)
}

fn scrape(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    body.to_owned()
}

#[test]
fn metrics_are_served_until_the_input_ends_and_the_database_is_locked_meanwhile() {
    let folder = Folder::new();
    folder.ok(&["init", "db", "--store", "names", "--key-type", "u64"]);
    let (mut child, address) = start(&folder);
    let text = scrape(&address);
    assert_eq!(text.lines().last(), Some("# EOF"));
    let mut figures = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, figure) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("grainstore_"), "{line}");
        assert!(figure.parse::<f64>().is_ok(), "{line}");
        figures += 1;
    }
    assert!(figures > 10, "{text}");
    folder.fails(3, &["stores", "db"]);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(folder.ok(&["stores", "db"]).starts_with("names"));
}

#[cfg(unix)]
#[test]
fn a_signal_closes_the_database_cleanly() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    let (mut child, _) = start(&folder);
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let state = folder.run(&["--json", "diag", "db"]);
    assert!(
        !state.documents().remove(0)["closed"].is_null(),
        "{}",
        state.output
    );
}

#[test]
fn an_address_that_is_taken_or_none_is_refused() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    let (mut child, address) = start(&folder);
    folder.ok(&["init", "other"]);
    let said = folder.fails(5, &["serve-metrics", "other", "--listen", &address]);
    assert!(
        said.contains(&address) && said.contains("--listen"),
        "{said}"
    );
    folder.fails(2, &["serve-metrics", "other", "--listen", "nowhere"]);
    folder.fails(1, &["serve-metrics", "absent"]);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
