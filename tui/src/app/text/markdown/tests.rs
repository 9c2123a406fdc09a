use super::*;

struct Ada;

impl Names for Ada {
    fn mention(&self, token: &str) -> Option<(String, Kind)> {
        match token {
            "@1" => Some(("@ada".into(), Kind::Me)),
            "#2" => Some(("#general".into(), Kind::Mention)),
            "@everyone" => Some(("@everyone".into(), Kind::Me)),
            _ => None,
        }
    }
}

/// Runs as text: `B(..)` bold, `I(..)` italic, `C(..)` code, `L(..)` link, `M(..)` mention.
fn shown(text: &str) -> String {
    let mark = |run: Run<Face>| {
        let mut out = run.text;
        out = match run.style.kind {
            Kind::Plain => out,
            Kind::Code => format!("C({out})"),
            Kind::Link => format!("L({out})"),
            Kind::Mention | Kind::Me => format!("M({out})"),
        };
        out = if run.style.italic { format!("I({out})") } else { out };
        if run.style.bold { format!("B({out})") } else { out }
    };
    inline(text, &Ada).into_iter().map(mark).collect()
}

#[test]
fn marks_become_faces() {
    assert_eq!(shown("a **b** c"), "a B(b) c");
    assert_eq!(shown("*i* and _j_"), "I(i) and I(j)");
    assert_eq!(shown("***x***"), "B(I(x))");
    assert_eq!(shown("use `a*b*c` now"), "use C(a*b*c) now");
    assert_eq!(shown("``a`b``"), "C(a`b)");
}

#[test]
fn marks_without_a_partner_stay_text() {
    assert_eq!(shown("2 * 3 * 4"), "2 * 3 * 4");
    assert_eq!(shown("**open"), "**open");
    assert_eq!(shown("snake_case_name"), "snake_case_name");
    assert_eq!(shown("****"), "****");
    assert_eq!(shown("`open"), "`open");
    assert_eq!(shown("*a_"), "*a_");
}

#[test]
fn a_backslash_takes_the_meaning_away() {
    assert_eq!(shown(r"\*a\*"), "*a*");
    assert_eq!(shown(r"C:\dir"), r"C:\dir");
}

#[test]
fn mentions_and_links_are_found_but_not_in_code() {
    assert_eq!(shown("<@1> see <#2>"), "M(@ada) see M(#general)");
    assert_eq!(shown("<@9>"), "<@9>");
    assert_eq!(shown("`<@1>`"), "C(<@1>)");
    assert_eq!(shown("hey @everyone!"), "hey M(@everyone)!");
    assert_eq!(shown("me@everyone"), "me@everyone");
    assert_eq!(shown("see https://a.example/x_y_z."), "see L(https://a.example/x_y_z).");
    assert_eq!(shown("(https://a.example)"), "(L(https://a.example))");
    assert_eq!(shown("https://"), "https://");
}

#[test]
fn lines_become_blocks() {
    let blocks = parse("hi\n> quoted\n> more\n```rust\nlet x;\n\n  y\n```\nend", &Ada);
    let plain = |text: &str| vec![Run { text: text.into(), style: Face::default() }];
    assert_eq!(
        blocks,
        [
            Block::Text(plain("hi")),
            Block::Quote(plain("quoted\nmore")),
            Block::Code("let x;\n\n  y".into()),
            Block::Text(plain("end")),
        ]
    );
}

#[test]
fn an_open_fence_runs_to_the_end() {
    assert_eq!(parse("```\na\nb", &Ada), [Block::Code("a\nb".into())]);
}

#[test]
fn hostile_input_keeps_its_text() {
    for hostile in ["*", "_", "`", "<", "[", ">", "**", "\\", "`*", "<@", "h", "https://"] {
        let text = hostile.repeat(64 * 1024 / hostile.len());
        let total: usize = inline(&text, &Ada).iter().map(|run| run.text.len()).sum();
        assert!(total > 0, "{hostile} vanished");
    }
}
