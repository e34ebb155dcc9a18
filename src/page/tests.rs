//! Laws of pages.

use super::page;
use crate::report::FullReport;

fn report(name: &str) -> FullReport {
    let users = serde_json::json!({"value": 12, "lower": 10, "upper": 14});
    let share = serde_json::json!({"value": 0.5, "lower": 0.4, "upper": 0.6});
    let value = serde_json::json!({
        "schema": "overlap.estimate/1", "confidence": 0.95,
        "method": {"name": "sketch", "precision": 16, "k": 65536, "joint": true},
        "sides": [{"name": name, "files": 1, "column": name, "users": users}, {"name": "b", "users": users}],
        "overlap": users, "only_a": users, "only_b": users, "union": users, "jaccard": share,
        "share_of_a": share, "share_of_b": share, "gain_a": share, "gain_b": share, "quality": "poor",
        "warnings": [{"code": "x", "text": format!("{name} is odd")}],
    });
    FullReport::from_json(&value.to_string()).expect("reads")
}

/// The tags of a page, in order, but for the titles that shortened names have.
fn tags(page: &str) -> Vec<&str> {
    let tags = page.split('<').skip(1);
    let names = tags.map(|tag| tag.split([' ', '>']).next().unwrap_or_default());
    names.filter(|tag| !tag.ends_with("title")).collect()
}

#[test]
fn hostile_names_change_nothing_but_their_own_text() {
    let plain = page(&report("a"));
    for name in [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "\"' onload='x",
        "-->]]><!--",
        "\u{202E}\u{2066}",
        "\u{2028}\u{0}",
    ] {
        let page = page(&report(name));
        assert_eq!(tags(&page), tags(&plain), "{name}");
        assert!(!name.contains('<') || !page.contains(name), "{name}");
    }
    let long = page(&report(&"x".repeat(10_000)));
    assert_eq!(tags(&long), tags(&plain));
}

#[test]
fn nothing_is_asked_of_the_network() {
    let page = page(&report("a"));
    for word in ["http://", "https://", "src=", "@import", "url("] {
        let found = page
            .match_indices(word)
            .filter(|(at, _)| !page[*at..].starts_with("http://www.w3.org/2000/svg"));
        assert_eq!(found.count(), 0, "{word}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains(" style=") && !page.contains(" onclick"));
}

#[test]
fn a_stored_report_gives_the_same_page() {
    let report = report("a");
    let stored = FullReport::from_json(&report.to_json()).expect("reads");
    assert_eq!(page(&stored), page(&report));
}

#[test]
fn the_answer_is_in_words() {
    let text = page(&report("a"));
    for words in [
        "users are on both",
        "Together they reach",
        "would gain",
        "between 40 and 60\u{a0}%",
        "What to be careful about",
        "What the numbers do not say",
    ] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
fn the_script_is_small() {
    assert!(super::SCRIPT.len() <= 30_000);
}
