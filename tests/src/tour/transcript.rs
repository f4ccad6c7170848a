//! Prints commands and answers as a terminal would show them, and holds the answers against what was said.

use super::Outcome;
use apikeyd_kit::ctl::{Ctl, Run};
use apikeyd_kit::scratch::Scratch;
use std::process::ExitCode;

/// The transcript so far.
pub(super) struct Transcript {
    ctl: Ctl,
    answers: u32,
    chapters: u32,
}

/// One command and its answer.
pub(super) struct Step {
    command: String,
    run: Run,
}

impl Transcript {
    pub(super) fn new(scratch: &Scratch) -> Self {
        println!("apikeyd: the main job on real parts, in {}", scratch.dir().display());
        Self { ctl: Ctl::new(scratch), answers: 0, chapters: 0 }
    }

    pub(super) fn chapter(&mut self, title: &str) {
        self.chapters += 1;
        println!("\n{}. {title}\n", self.chapters);
    }

    pub(super) fn say(&mut self, line: &str) {
        println!("   {line}");
    }

    pub(super) fn ctl(&mut self, arguments: &[&str]) -> Step {
        let command = format!("apikeyctl {}", arguments.join(" "));
        println!("   $ {command}");
        self.step(command, arguments, "")
    }

    /// With a key on standard input, where keys belong: an argument would stand in the list of processes.
    pub(super) fn ctl_with_key(&mut self, arguments: &[&str], key: &str) -> Step {
        let command = format!("apikeyctl {}", arguments.join(" "));
        println!("   $ {command}  < {}…", key.get(..15).unwrap_or_default());
        self.step(command, arguments, key)
    }

    pub(super) fn close(self, result: Outcome) -> ExitCode {
        match result {
            Ok(()) => {
                println!("\nThe tour is over: {} answers, each as announced.", self.answers);
                ExitCode::SUCCESS
            }
            Err(difference) => {
                println!("\nTHE TOUR FAILED: {difference}");
                ExitCode::FAILURE
            }
        }
    }

    fn step(&mut self, command: String, arguments: &[&str], input: &str) -> Step {
        let run = self.ctl.run_with_input(arguments, input.as_bytes());
        for line in run.stdout.lines().chain(run.stderr.lines()) {
            println!("     {line}");
        }
        self.answers += 1;
        Step { command, run }
    }
}

impl Step {
    pub(super) const fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn exits(&self, code: i32) -> Outcome {
        self.expect(self.run.code == code, &format!("exit code {code}"))
    }

    pub(super) fn refused(self) -> Outcome {
        self.expect(
            self.run.code == 1 && self.run.stdout.starts_with("refused: "),
            "a refusal and exit code 1",
        )
    }

    pub(super) fn prints(self, line: &str) -> Outcome {
        self.expect(self.run.code == 0 && self.run.stdout.trim_end() == line, line)
    }

    fn expect(&self, holds: bool, wanted: &str) -> Outcome {
        match holds {
            true => Ok(()),
            false => Err(format!("`{}` should have given {wanted}, and gave {:?}", self.command, self.run)),
        }
    }
}
