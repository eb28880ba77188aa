//! How a running verification looks on stderr: a bar on a terminal, a line at each milestone otherwise.
//! Leaves results to stdout, and following to `follow.rs`. Shows departments only, never people.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use hedui_proto::verification::{AnswerState, DepartmentAnswered, DepartmentResult, Verification};
use indicatif::{ProgressBar, ProgressStyle};

use super::follow::Watcher;
use super::lang::Lang;
use super::printable;
use super::refusal::Refusal;
use super::values;

/// Shows progress.
pub struct Progress {
    lang: Lang,
    bar: Option<ProgressBar>,
    /// The most departments that were known to be done: a watch that begins late tells the end first, and then how it came about.
    done: Cell<u32>,
    /// Quarters of the departments that have been reported as lines.
    quarters: Cell<u32>,
    /// Departments that gave no answer, named once each.
    unanswered: RefCell<Vec<String>>,
}

impl Progress {
    /// A bar where `terminal`, lines otherwise.
    pub fn new(lang: Lang, terminal: bool) -> Progress {
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Progress {
            lang,
            bar,
            done: Cell::new(0),
            quarters: Cell::new(0),
            unanswered: RefCell::new(Vec::new()),
        }
    }

    /// A line of its own, above the bar.
    pub fn say(&self, line: &str) {
        let line = printable(line);
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn position(&self, answered: u32, asked: u32) {
        let milestone = self.milestone(answered, asked);
        match (&self.bar, milestone) {
            (Some(bar), _) => {
                bar.set_length(u64::from(asked));
                bar.set_position(u64::from(self.done.get()));
            }
            (None, Some(line)) => eprintln!("{line}"),
            (None, None) => {}
        }
    }

    /// The line that is due when one more quarter of the departments is done; it never goes back.
    fn milestone(&self, answered: u32, asked: u32) -> Option<String> {
        let done = self.done.get().max(answered);
        self.done.set(done);
        let quarters = (done * 4).checked_div(asked).unwrap_or(0);
        if quarters <= self.quarters.get() {
            return None;
        }
        self.quarters.set(quarters);
        Some(self.lang.pick(
            format!("{asked} 个部门中 {done} 个已有结果"),
            format!("{done} of {asked} departments are done"),
        ))
    }

    fn department(&self, result: &DepartmentResult) {
        let name = self.lang.choose(&result.name_zh, &result.name_en);
        let name = if name.is_empty() { &result.department } else { name };
        let time = values::millis_between(result.asked_at.as_ref(), result.answered_at.as_ref())
            .filter(|_| !result.kept)
            .map(|millis| format!(" {}", values::elapsed(millis)))
            .unwrap_or_default();
        let silent = result
            .subjects
            .iter()
            .any(|subject| subject.state() == AnswerState::Unreachable);
        if silent && !self.unanswered.borrow().contains(&result.department) {
            self.unanswered.borrow_mut().push(result.department.clone());
            self.say(
                &self
                    .lang
                    .pick(format!("未答复：{name}{time}"), format!("no answer: {name}{time}")),
            );
        }
        if let Some(bar) = &self.bar {
            bar.set_message(printable(&format!("{name}{time}")));
        }
    }
}

impl Watcher for Progress {
    fn snapshot(&self, verification: &Verification) {
        self.position(verification.departments_answered, verification.departments_asked);
    }

    fn answered(&self, event: &DepartmentAnswered) {
        if let Some(result) = &event.result {
            self.department(result);
        }
        self.position(event.answered, event.asked);
    }

    fn heartbeat(&self, answered: u32, asked: u32) {
        self.position(answered, asked);
    }

    fn broken(&self, why: &Refusal, wait: Duration) {
        let wait = values::elapsed(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.say(&self.lang.pick(
            format!("与服务端的连接中断（{}），{wait} 后重连；核对仍在进行", why.message),
            format!(
                "the connection broke ({}), trying again in {wait}; the verification runs on",
                why.message
            ),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_never_becomes_less() {
        let progress = Progress::new(Lang::En, false);
        // A watch that is taken up late: where it stands, then what has happened so far, again from the beginning.
        let told: Vec<String> = [
            (7, 27),
            (26, 27),
            (1, 27),
            (7, 27),
            (14, 27),
            (26, 27),
            (27, 27),
            (27, 27),
        ]
        .into_iter()
        .filter_map(|(answered, asked)| progress.milestone(answered, asked))
        .collect();
        let lines = ["7 of 27", "26 of 27", "27 of 27"].map(|line| format!("{line} departments are done"));
        assert_eq!(told, lines);
    }
}
