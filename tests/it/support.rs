//! A lake of one's own, and the built program to run on it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, PipeReader, Read, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The program under test.
pub(crate) const CARNAC: &str = env!("CARGO_BIN_EXE_carnac");

/// Where the calls of tests come from, and another address of this machine.
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The repository.
pub(crate) const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The real contracts of Hélios "PES Marché", 2019 layout.
pub(crate) fn pes() -> String {
    format!("{REPOSITORY}/data-samples/contracts/decp-2019-pes.json")
}

/// A temporary folder with a lake in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// One with the lake that `carnac demo` makes, which is made once for all tests.
    pub(crate) fn demo() -> Self {
        static MADE: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let place = Self::new();
            place.ok(&["demo", "--once"]);
            let files = files_below(place.path());
            let read = |file: PathBuf| {
                let name = file.strip_prefix(place.path()).unwrap().to_path_buf();
                (name, std::fs::read(file).unwrap())
            };
            files.into_iter().map(read).collect()
        });
        let place = Self::new();
        for (name, content) in made {
            place.file(&name.display().to_string(), content);
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn root(&self) -> String {
        self.path().join("lake").display().to_string()
    }

    /// Writes a file below the folder and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Makes a copy of the SQL files, which can be changed, and returns its folder.
    ///
    /// It lacks the layers of which no view is read by those of the other layers: every run plans all
    /// views of a folder, and of these that takes most of the time.
    pub(crate) fn sql(&self) -> PathBuf {
        let copy = self.path().join("sql");
        copy_folder(&Path::new(REPOSITORY).join("sql"), &copy);
        for layer in ["assessment", "peer", "published"] {
            std::fs::remove_dir_all(copy.join(layer)).unwrap();
        }
        copy
    }

    /// Runs the program on the lake.
    pub(crate) fn carnac(&self, args: &[&str]) -> Output {
        Command::new(CARNAC)
            .env_clear()
            .args(["--root", &self.root()])
            .args(args)
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    /// Runs the program, which must succeed, and returns its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.carnac(args);
        assert!(
            output.status.success(),
            "{args:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Runs the program, which must end with that status, and returns its standard error.
    pub(crate) fn fails(&self, status: i32, args: &[&str]) -> String {
        let output = self.carnac(args);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{args:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stderr)
    }

    /// Answers a query as lines of CSV, without the header.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        self.ok(&["query", sql, "--format", "csv"]).lines().skip(1).map(str::to_owned).collect()
    }

    /// Starts `serve` on a free port.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&["--log", "warn"], &[])
    }

    /// Starts `serve` with a port for PostgreSQL too; returns that one's address as well.
    pub(crate) fn serve_postgres(&self, after: &[&str]) -> (Server, SocketAddr) {
        let after = [&["--postgres", "127.0.0.1:0"], after].concat();
        let mut server = self.serve_with(&["--log", "warn"], &after);
        let line = server.hears("postgresql://");
        let address = line.trim().rsplit("postgresql://").next().unwrap();
        let address = address.split_once('/').unwrap().0.parse().unwrap();
        (server, address)
    }

    /// Starts `serve` on a free port with flags before and after the command.
    pub(crate) fn serve_with(&self, before: &[&str], after: &[&str]) -> Server {
        let mut command = Command::new(CARNAC);
        command.env_clear().current_dir(self.path()).args(["--root", &self.root()]);
        command.args(before).args(["serve", "--listen", "127.0.0.1:0"]);
        if !after.contains(&"--tls-certificate") {
            command.arg("--insecure-loopback");
        }
        command.args(after);
        Server::start(command)
    }
}

/// A running server, stopped when dropped.
pub(crate) struct Server {
    child: Child,
    /// What it says on standard output and standard error: held open, as it may write until it
    /// ends.
    said: BufReader<PipeReader>,
    pub(crate) address: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let (said, says) = std::io::pipe().unwrap();
        command.stdout(says.try_clone().unwrap()).stderr(says);
        let child = command.spawn().unwrap();
        // It holds the pipe too: else the end of what the server says would never come.
        drop(command);
        let mut server = Self { child, said: BufReader::new(said), address: String::new() };
        let line = server.hears("Flight SQL on grpc");
        server.address = line.trim().rsplit("://").next().unwrap().to_owned();
        assert!(server.address.starts_with("127.0.0.1:"), "the server said: {line}");
        server
    }

    /// Reads what the server says up to a line that has these words, and returns it.
    pub(crate) fn hears(&mut self, words: &str) -> String {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            let read = self.said.read_line(&mut line).unwrap();
            assert!(read > 0, "the server ended and never said {words}:\n{before}");
            if line.contains(words) {
                return line;
            }
            before.push_str(&line);
        }
    }

    /// Asks the server to stop.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks the server to read its certificate again.
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Asks the server to stop, and returns its exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.terminate();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop`.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Receives one call over HTTP, gives it this answer, and returns its head, in small letters, and its
/// body.
pub(crate) fn receive(mut stream: TcpStream, answer: &[u8]) -> (String, String) {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut part).unwrap();
        request.extend_from_slice(&part[..read]);
        let request = String::from_utf8_lossy(&request);
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap();
        if body.len() >= length.parse().unwrap() {
            stream.write_all(answer).unwrap();
            return (head, body.to_owned());
        }
    }
}

/// Copies a folder and all below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Makes a folder of SQL files without any view, whose planning would take longer than the rest.
pub(crate) fn no_views(place: &Path) -> PathBuf {
    let folder = place.join("no-views");
    for layer in ["function", "staging", "core", "indicator", "published"] {
        std::fs::create_dir_all(folder.join(layer)).unwrap();
    }
    folder
}

/// A file of acts: one row a line of `number;siren;decision date`, all acknowledged.
pub(crate) fn acts(rows: &[(&str, &str, &str)]) -> String {
    let mut csv = "id_acte;siren;nature;matiere;date_decision;date_ar;statut;annule\n".to_owned();
    for (number, siren, date) in rows {
        writeln!(csv, "{number};{siren};1;7.10;{date};{date};4;0").unwrap();
    }
    csv
}

/// All files below a folder, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
