//! A server on loopback that speaks enough of S3 and of the web, counts what it sends and fails as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong with requests for an object.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// So many answers with a status and a body come before the right one.
    Answers(u16, &'static str, usize),
    /// So many bodies break off in their middle.
    CutShort(usize),
    /// The object is another from the request of this number on.
    Replaced(usize, Vec<u8>),
}

/// What the server holds, and what it saw.
#[derive(Default)]
pub struct State {
    pub objects: BTreeMap<String, Vec<u8>>,
    pub troubles: BTreeMap<String, Trouble>,
    pub delay: Duration,
    /// Whether parts of objects are sent.
    pub has_ranges: bool,
    /// Whether objects carry a tag of their version.
    pub has_tags: bool,
    pub sent_bytes: u64,
    /// Method and target of every request.
    pub requests: Vec<String>,
    seen: BTreeMap<String, usize>,
    /// What is written into an object right before the next upload.
    pub overtakes: Option<(String, Vec<u8>)>,
}

#[derive(Clone)]
pub struct Server {
    pub state: Arc<Mutex<State>>,
    pub endpoint: String,
}

impl Server {
    /// Starts a server with objects, by `bucket/key`.
    pub fn start<K: Into<String>>(objects: impl IntoIterator<Item = (K, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let objects = objects
            .into_iter()
            .map(|(key, bytes)| (key.into(), bytes))
            .collect();
        let state = Arc::new(Mutex::new(State {
            objects,
            has_ranges: true,
            has_tags: true,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { state, endpoint }
    }

    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

struct Request {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = request(&mut reader) {
        let delay = state.lock().unwrap().delay;
        std::thread::sleep(delay);
        let answer = answer(&request, &mut state.lock().unwrap());
        let is_cut = answer.is_cut;
        if write(&mut &*stream, &request, &answer, state).is_err() || is_cut {
            return;
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        target,
        headers,
        body,
    })
}

#[derive(Default)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Of a body that breaks off.
    is_cut: bool,
}

impl Answer {
    fn status(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.as_bytes().to_vec(),
            ..Self::default()
        }
    }
}

fn write(
    stream: &mut impl Write,
    request: &Request,
    answer: &Answer,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} Answer\r\nContent-Length: {}\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut bytes = (head + "\r\n").into_bytes();
    if request.method != "HEAD" {
        let end = if answer.is_cut {
            answer.body.len() / 2
        } else {
            answer.body.len()
        };
        bytes.extend_from_slice(&answer.body[..end]);
    }
    state.lock().unwrap().sent_bytes += bytes.len() as u64;
    stream.write_all(&bytes)
}

fn answer(request: &Request, state: &mut State) -> Answer {
    state
        .requests
        .push(format!("{} {}", request.method, request.target));
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let path = decoded(path.trim_start_matches('/'));
    if query.contains("list-type=2") {
        return list(&path, query, state);
    }
    let seen = state.seen.entry(path.clone()).or_default();
    *seen += 1;
    let seen = *seen;
    match state.troubles.get(&path).cloned() {
        Some(Trouble::Answers(status, body, times)) if seen <= times => {
            return Answer::status(status, body);
        }
        Some(Trouble::Replaced(from, bytes)) if seen >= from => {
            drop(state.objects.insert(path.clone(), bytes));
        }
        _ => {}
    }
    if request.method == "PUT" {
        return put(&path, request, state);
    }
    let is_cut =
        matches!(state.troubles.get(&path), Some(Trouble::CutShort(times)) if seen <= *times);
    Answer {
        is_cut: is_cut && request.method == "GET",
        ..get(&path, request, state)
    }
}

/// A tag of an object's version: of its ends and its length, lest large objects take long.
fn tag(bytes: &[u8]) -> String {
    let ends = [
        &bytes[..bytes.len().min(1_024)],
        &bytes[bytes.len().saturating_sub(1_024)..],
    ];
    format!(
        "\"{:08x}-{}\"",
        crc32fast::hash(&ends.concat()),
        bytes.len()
    )
}

fn get(path: &str, request: &Request, state: &State) -> Answer {
    let Some(bytes) = state.objects.get(path) else {
        return Answer::status(404, "<Error><Code>NoSuchKey</Code></Error>");
    };
    let (tag, len) = (tag(bytes), bytes.len());
    let wanted = request.headers.get("if-match");
    if wanted.is_some_and(|wanted| *wanted != tag) {
        return Answer::status(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    let modified = "Fri, 27 Nov 2026 10:00:00 GMT";
    let mut headers = vec![("Last-Modified", modified.to_owned())];
    if state.has_tags {
        headers.push(("ETag", tag));
    }
    let range = request.headers.get("range").filter(|_| state.has_ranges);
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let (status, range) = match range {
        None => (200, 0..len),
        Some(("", end)) => (206, len.saturating_sub(end.parse().unwrap())..len),
        Some((start, end)) => {
            let end = end.parse().map_or(len, |end: usize| (end + 1).min(len));
            (206, start.parse().unwrap()..end)
        }
    };
    if status == 206 && range.is_empty() {
        return Answer::status(416, "");
    }
    if status == 206 {
        let text = format!("bytes {}-{}/{len}", range.start, range.end - 1);
        headers.push(("Content-Range", text));
    }
    Answer {
        status,
        headers,
        body: bytes[range].to_vec(),
        is_cut: false,
    }
}

fn put(path: &str, request: &Request, state: &mut State) -> Answer {
    if let Some((path, bytes)) = state.overtakes.take() {
        state.objects.insert(path, bytes);
    }
    let there = state.objects.get(path).map(|bytes| tag(bytes));
    let is_refused = match (
        request.headers.get("if-match"),
        request.headers.get("if-none-match"),
    ) {
        (Some(wanted), _) => there.as_ref() != Some(wanted),
        (None, Some(_)) => there.is_some(),
        (None, None) => false,
    };
    if is_refused {
        return Answer::status(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    state.objects.insert(path.to_owned(), request.body.clone());
    Answer {
        status: 200,
        headers: vec![("ETag", tag(&request.body))],
        ..Answer::default()
    }
}

/// One page of keys, as S3 lists them.
fn list(bucket: &str, query: &str, state: &State) -> Answer {
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| decoded(value))
            .next()
            .unwrap_or_default()
    };
    if let Some(Trouble::Answers(status, body, _)) = state.troubles.get(bucket) {
        return Answer::status(*status, body);
    }
    let (prefix, delimiter) = (value("prefix"), value("delimiter"));
    let mut contents = String::new();
    let mut common = std::collections::BTreeSet::new();
    for (path, bytes) in &state.objects {
        let Some(key) = path
            .strip_prefix(&format!("{bucket}/"))
            .filter(|key| key.starts_with(&prefix))
        else {
            continue;
        };
        let rest = &key[prefix.len()..];
        match rest.find('/').filter(|_| !delimiter.is_empty()) {
            Some(at) => drop(common.insert(key[..=prefix.len() + at].to_owned())),
            None => {
                contents += &format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-11-27T10:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                    tag(bytes).replace('"', "&quot;"),
                    bytes.len()
                );
            }
        }
    }
    let common: String = common
        .iter()
        .map(|prefix| format!("<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>"))
        .collect();
    let body = format!(
        "<ListBucketResult><IsTruncated>false</IsTruncated>{contents}{common}</ListBucketResult>"
    );
    Answer::status(200, &body)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let hex = (*byte == b'%').then(|| std::str::from_utf8(&tail[..2]).unwrap());
        bytes.push(hex.map_or(*byte, |hex| u8::from_str_radix(hex, 16).unwrap()));
        rest = if hex.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}
