//! Another process that looks into a database: this test's program once more, told SQL line by line.
//!
//! *Rationale.* POSIX takes all locks of a process on a file away when the process closes it anywhere. Two copies of
//! SQLite in one process, the core's and the test's, do not know of each other, so one undoes the other's locks.

use rusqlite::Connection;
use rusqlite::types::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The environment variable that names the file.
const FILE: &str = "MQSCRIPT_TEST_DATABASE";
/// What an answer begins with, among whatever else a test's program prints.
const ANSWER: &str = "answer: ";

/// The other process.
pub struct Elsewhere {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Elsewhere {
    /// Opens `file` in another process.
    pub fn on(file: &Path) -> Elsewhere {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "elsewhere", "--ignored", "--nocapture"])
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Elsewhere { child, stdin, stdout }
    }

    /// Runs a statement; the cells of the first column of what it returns, as SQL would write them.
    #[track_caller]
    pub fn sql(&mut self, statement: &str) -> Vec<String> {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{}", statement.replace('\n', " ")).unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the other process ended");
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return serde_json::from_str::<Result<Vec<String>, String>>(answer)
                    .unwrap()
                    .expect(statement);
            }
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}

/// Runs one statement in a process of its own.
#[track_caller]
pub fn sql(file: &Path, statement: &str) -> Vec<String> {
    Elsewhere::on(file).sql(statement)
}

/// One column of all messages, in order.
#[track_caller]
pub fn column(file: &Path, expression: &str) -> Vec<String> {
    sql(file, &format!("SELECT {expression} FROM messages ORDER BY id"))
}

/// How many rows a table has.
#[track_caller]
pub fn count(file: &Path, table: &str) -> usize {
    sql(file, &format!("SELECT count(*) FROM {table}"))[0].parse().unwrap()
}

/// What the other process does: for an ignored test `elsewhere` in the `main.rs` of a program that uses this.
pub fn serve() {
    let file = std::env::var_os(FILE).expect("started by another test");
    let database = Connection::open(file).unwrap();
    for line in std::io::stdin().lines() {
        let answer = run(&database, &line.unwrap()).map_err(|error| error.to_string());
        println!("\n{ANSWER}{}", serde_json::to_string(&answer).unwrap());
    }
}

fn run(database: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query(())?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        cells.push(match row.get(0)? {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => format!("'{text}'"),
            Value::Blob(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("x'{digits}'")
            }
        });
    }
    Ok(cells)
}
