//! PostgreSQL 15 as Debian packages it, started for a bench with rows of its own, and a client that
//! reads answers off the wire without looking at them: no other can be faster.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder;
use tempfile::TempDir;

/// Where the package has its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// It does not run as root: this is Debian's `nobody`, and its group.
const NOBODY: u32 = 65_534;

const TABLE: &str = "create table acts (act_id text, siren text, nature_code text, \
                     subject_code text, decision_date date)";

const SETTINGS: [&str; 7] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=2GB",
    "fsync=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
];

/// How all rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    /// `SELECT` by the extended protocol, values in text.
    Text,
    /// The same, values in binary.
    Binary,
    /// `COPY … TO STDOUT` in binary.
    Copy,
}

impl Asked {
    pub(crate) const ALL: [(&'static str, Self); 3] = [
        ("PostgreSQL 15, SELECT, text", Self::Text),
        ("PostgreSQL 15, SELECT, binary", Self::Binary),
        ("PostgreSQL 15, COPY, binary", Self::Copy),
    ];
}

/// A server of its own folder, stopped when dropped.
pub(crate) struct Postgres {
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts one with those rows; none where PostgreSQL is not installed.
    pub(crate) fn with(batches: &[RecordBatch]) -> Option<Self> {
        if !Path::new(PROGRAMS).exists() {
            return None;
        }
        let folder = TempDir::new().expect("a temporary folder");
        if is_root(&folder) {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("a folder given away");
        }
        let rows = std::fs::File::create(folder.path().join("rows.csv")).expect("a file");
        let mut writer = WriterBuilder::new().with_header(false).build(rows);
        for batch in batches {
            writer.write(batch).expect("written");
        }
        drop(writer);
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let started = Self { folder, port: free.expect("a port").port() };
        started.run("initdb", &["-D", "data", "-A", "trust", "-U", "bench", "-E", "UTF8", "-N"]);
        let settings = SETTINGS.map(|setting| format!("-c {setting}")).join(" ");
        let options = format!("-p {} {settings}", started.port);
        started.run("pg_ctl", &["-D", "data", "-l", "log", "-o", &options, "-w", "start"]);
        let csv = started.folder.path().join("rows.csv");
        let mut client = Client::connect(started.port);
        client.query(TABLE);
        client.query(&format!("copy acts from '{}' (format csv)", csv.display()));
        client.query("vacuum (analyze) acts");
        std::fs::remove_file(csv).expect("removed");
        Some(started)
    }

    /// Reads all rows by a new connection, and returns how many there were.
    pub(crate) fn read(&self, asked: Asked) -> usize {
        let mut client = Client::connect(self.port);
        match asked {
            Asked::Text => client.select("select * from acts", 0),
            Asked::Binary => client.select("select * from acts", 1),
            // Its header comes with the first row; its end has a message of its own.
            Asked::Copy => client.query("copy acts to stdout (format binary)") - 1,
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(Path::new(PROGRAMS).join(program));
        command.env_clear().env("LC_ALL", "C").args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if is_root(&self.folder) {
            command.uid(NOBODY).gid(NOBODY);
        }
        assert!(command.status().expect("PostgreSQL runs").success(), "{program} failed");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", "data", "-m", "immediate", "-w", "stop"]);
    }
}

/// Whether this process is root's, or the folder was given away because it is.
fn is_root(folder: &TempDir) -> bool {
    let owner = folder.path().metadata().expect("the folder").uid();
    owner == 0 || owner == NOBODY
}

/// A client that counts rows.
struct Client {
    sent: BufReader<TcpStream>,
}

impl Client {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let mut client = Self { sent: BufReader::with_capacity(1 << 18, stream) };
        let body = [&196_608_u32.to_be_bytes(), &b"user\0bench\0database\0postgres\0\0"[..]];
        client.ask(&framed(None, &body.concat()));
        client
    }

    /// Runs one statement by the simple protocol.
    fn query(&mut self, sql: &str) -> usize {
        self.ask(&framed(Some(b'Q'), format!("{sql}\0").as_bytes()))
    }

    /// Runs one statement by the extended protocol; `format` is 0 for text and 1 for binary.
    fn select(&mut self, sql: &str, format: u8) -> usize {
        let parse = framed(Some(b'P'), format!("\0{sql}\0\0\0").as_bytes());
        // No names, no parameters, one format for all columns.
        let bind = framed(Some(b'B'), &[0, 0, 0, 0, 0, 0, 0, 1, 0, format]);
        let execute = framed(Some(b'E'), &[0, 0, 0, 0, 0]);
        self.ask(&[parse, bind, execute, framed(Some(b'S'), &[])].concat())
    }

    /// Sends messages and reads up to the end of what they cause; returns how many rows came.
    fn ask(&mut self, messages: &[u8]) -> usize {
        self.sent.get_mut().write_all(messages).expect("sent");
        let (mut rows, mut body) = (0, Vec::new());
        loop {
            let mut head = [0; 5];
            self.sent.read_exact(&mut head).expect("a message");
            let [kind, length @ ..] = head;
            body.resize(u32::from_be_bytes(length) as usize - 4, 0);
            self.sent.read_exact(&mut body).expect("a message");
            match kind {
                b'D' | b'd' => rows += 1,
                b'E' => panic!("PostgreSQL: {}", String::from_utf8_lossy(&body)),
                b'Z' => return rows,
                _ => (),
            }
        }
    }
}

/// A message, with its length; the first of a connection has no letter.
fn framed(kind: Option<u8>, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message").to_be_bytes();
    kind.into_iter().chain(length).chain(body.iter().copied()).collect()
}
