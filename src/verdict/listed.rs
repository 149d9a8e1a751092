//! What matches with listed hashes raise under a policy.

use super::policy::{Decision, ListedBy, Reason};
use super::policy_file::{ClearRule, Names, Policy, RaiseRule};
use crate::index::{Match, Method, Opinion};

/// What matches raise.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judged {
    /// The strongest decision that any of them raises.
    pub decision: Decision,
    /// Why, the strongest first, then the nearest; with them, which matches were cleared.
    pub reasons: Vec<Reason>,
}

impl Policy {
    /// What `matches` raise. A match with a picture of the index itself raises nothing, nor does
    /// one that is no evidence by itself unless its rule says so, nor one with a hash whose list
    /// says it is negative. A negative clears what its own list says of hashes that are no nearer
    /// to the picture, and a rule `[[clear]]` what others say. What its list only holds worth
    /// investigating raises to review at most, unless the rule asks for just these.
    #[must_use]
    pub fn judge(&self, matches: &[Match]) -> Judged {
        let mut raised: Vec<(Decision, f64, Reason)> = Vec::new();
        for found in matches {
            let Some(source) = &found.source else {
                continue;
            };
            let rules = self
                .raise
                .iter()
                .filter_map(|rule| Some((rule, rule.fits(source, found)?)));
            for (rule, by) in rules {
                let cleared = matches
                    .iter()
                    .find(|other| self.clears(other, found, source));
                let (decision, reason) = match cleared {
                    Some(other) => (Decision::Clear, cleared_by(source, other)),
                    None => (rule.decision(found), rule.reason(source, found, by)),
                };
                raised.push((decision, found.similarity, reason));
            }
        }
        raised.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
        let decision = raised.first().map_or(Decision::Clear, |first| first.0);
        let mut reasons: Vec<Reason> = Vec::new();
        for (_, _, reason) in raised {
            // The nearest speaks for all that a rule raises of one list and category.
            if !reasons.iter().any(|said| said.says_the_same(&reason)) {
                reasons.push(reason);
            }
        }
        Judged { decision, reasons }
    }

    /// Whether `other` clears `found`, a match with a hash of `source`.
    fn clears(&self, other: &Match, found: &Match, source: &str) -> bool {
        let Some(clearing) = &other.source else {
            return false;
        };
        if other.similarity < found.similarity {
            return false;
        }
        let by_rule = |rule: &ClearRule| {
            (rule.of.is_empty() || rule.of.fits(source)) && rule.fits(clearing, other)
        };
        (other.opinion == Some(Opinion::Negative) && clearing == source)
            || self.clear.iter().any(by_rule)
    }
}

impl RaiseRule {
    /// What of the match the rule names; `None` when it does not fit.
    fn fits(&self, source: &str, found: &Match) -> Option<ListedBy> {
        let fits = found.opinion != Some(Opinion::Negative)
            && (self.weak || found.weak.is_none())
            && (self.source.is_empty() || self.source.fits(source))
            && fits_category(&self.category, found)
            && (self.opinion.is_none() || self.opinion == found.opinion)
            && is_near(self.max_distance, found);
        let tag = found.tags.iter().find(|tag| self.tag.fits_word(tag));
        if !fits || (tag.is_none() && !self.tag.is_empty()) {
            return None;
        }
        let category = found
            .category
            .as_ref()
            .filter(|_| !self.category.is_empty());
        Some(match (category, tag) {
            (Some(category), _) => ListedBy::Category(category.clone()),
            (_, Some(tag)) => ListedBy::Tag(tag.clone()),
            _ => ListedBy::Source(source.to_owned()),
        })
    }

    fn decision(&self, found: &Match) -> Decision {
        let decision = self.to.into();
        match found.opinion == Some(Opinion::Investigate) && self.opinion.is_none() {
            true => Decision::Review.min(decision),
            false => decision,
        }
    }

    fn reason(&self, source: &str, found: &Match, by: ListedBy) -> Reason {
        Reason::Listed {
            source: source.to_owned(),
            by,
            differing_bits: differing_bits(found),
            similarity: found.similarity,
            threshold: self.max_distance.map(|bits| 1.0 - f64::from(bits) / 256.0),
        }
    }
}

impl ClearRule {
    fn fits(&self, source: &str, found: &Match) -> bool {
        (self.source.is_empty() || self.source.fits(source))
            && fits_category(&self.category, found)
            && (self.tag.is_empty() || found.tags.iter().any(|tag| self.tag.fits_word(tag)))
            && (self.opinion.is_none() || self.opinion == found.opinion)
            && is_near(self.max_distance, found)
    }
}

fn fits_category(names: &Names, found: &Match) -> bool {
    let category = found.category.as_deref();
    names.is_empty() || category.is_some_and(|category| names.fits_word(category))
}

fn cleared_by(source: &str, other: &Match) -> Reason {
    Reason::Cleared {
        source: source.to_owned(),
        by: other.source.clone().unwrap_or_default(),
        similarity: other.similarity,
    }
}

fn differing_bits(found: &Match) -> Option<u32> {
    let by_hash = matches!(found.method, Method::Pdq | Method::Perceptual);
    by_hash.then_some(found.distance as u32)
}

/// Whether so few bits differ; the same bytes are nearer than any.
fn is_near(max_distance: Option<u32>, found: &Match) -> bool {
    let Some(most) = max_distance else {
        return true;
    };
    match found.method {
        Method::Sha256 => true,
        Method::Descriptor => false,
        Method::Pdq | Method::Perceptual => found.distance <= f64::from(most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(source: &str, bits: u32) -> Match {
        Match {
            image_id: 1,
            file: String::new(),
            seller: String::new(),
            listing: String::new(),
            platform: String::new(),
            captured_at: String::new(),
            method: Method::Pdq,
            distance: f64::from(bits),
            similarity: 1.0 - f64::from(bits) / 256.0,
            weak: None,
            source: Some(source.into()),
            category: Some("ivory seizure".into()),
            tags: vec!["tusk".into()],
            opinion: None,
            listed_at: None,
        }
    }

    fn negative(source: &str, bits: u32) -> Match {
        Match {
            opinion: Some(Opinion::Negative),
            ..listed(source, bits)
        }
    }

    fn policy(text: &str) -> Policy {
        Policy::parse(text).expect("a policy")
    }

    fn said(judged: &Judged) -> Vec<String> {
        judged.reasons.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_match_with_a_list_or_a_category_raises_what_its_rule_says() {
        let rules = policy(
            "[[raise]]\nsource = \"partner\"\nto = \"flag\"\nmax_distance = 10\n\
             [[raise]]\ncategory = \"Ivory Seizure\"\nto = \"review\"\n\
             [[raise]]\ntag = \"horn\"\nto = \"flag\"\n",
        );
        let near = rules.judge(&[listed("partner", 3)]);
        assert_eq!(near.decision, Decision::Flag);
        assert_eq!(
            said(&near),
            [
                "on list partner: 3 of 256 bits differ",
                "on list partner, category ivory seizure: 3 of 256 bits differ"
            ]
        );
        let coded = near.reasons[0].coded();
        assert_eq!(coded.label.as_deref(), Some("partner"));
        assert_eq!(
            (coded.score, coded.threshold),
            (Some(0.988281), Some(0.960938))
        );
        assert_eq!(
            rules.judge(&[listed("partner", 20)]).decision,
            Decision::Review
        );
        assert_eq!(
            rules.judge(&[listed("another", 3)]).decision,
            Decision::Review
        );
        assert_eq!(rules.judge(&[]).decision, Decision::Clear);
    }

    #[test]
    fn own_pictures_weak_matches_and_negatives_raise_nothing() {
        let rules = policy("[[raise]]\nsource = \"*\"\nto = \"flag\"\n");
        let own = Match {
            source: None,
            ..listed("", 0)
        };
        let weak = Match {
            weak: Some(crate::index::Weakness::LowQuality),
            ..listed("partner", 0)
        };
        for found in [own, weak.clone(), negative("partner", 0)] {
            let judged = rules.judge(&[found]);
            assert_eq!(
                (judged.decision, judged.reasons.len()),
                (Decision::Clear, 0)
            );
        }
        let rules = policy("[[raise]]\nsource = \"*\"\nto = \"flag\"\nweak = true\n");
        assert_eq!(rules.judge(&[weak]).decision, Decision::Flag);
    }

    #[test]
    fn a_negative_clears_its_own_list_and_others_where_a_rule_says_so() {
        let raise = "[[raise]]\nsource = \"*\"\nto = \"flag\"\n";
        let rules = policy(raise);
        let decision = |rules: &Policy, found: &[Match]| rules.judge(found).decision;
        let own = [listed("partner", 4), negative("partner", 2)];
        assert_eq!(decision(&rules, &own), Decision::Clear);
        assert_eq!(
            said(&rules.judge(&own)),
            ["on list partner, cleared by list partner"]
        );
        let farther = [listed("partner", 4), negative("partner", 9)];
        assert_eq!(
            decision(&rules, &farther),
            Decision::Flag,
            "the listed one is nearer"
        );
        let others = [listed("partner", 4), negative("museum", 2)];
        assert_eq!(decision(&rules, &others), Decision::Flag);
        let with_clear = policy(&format!("{raise}[[clear]]\nsource = \"museum\"\n"));
        assert_eq!(decision(&with_clear, &others), Decision::Clear);
        let of_one = format!("{raise}[[clear]]\nopinion = \"negative\"\nof = \"police\"\n");
        assert_eq!(decision(&policy(&of_one), &others), Decision::Flag);
        let both = [
            listed("partner", 4),
            listed("police", 4),
            negative("museum", 2),
        ];
        assert_eq!(decision(&policy(&of_one), &both), Decision::Flag);
        assert_eq!(decision(&with_clear, &both), Decision::Clear);
    }

    #[test]
    fn what_is_only_worth_investigating_raises_to_review() {
        let seed = Match {
            opinion: Some(Opinion::Investigate),
            ..listed("partner", 0)
        };
        let rules = policy("[[raise]]\nsource = \"partner\"\nto = \"flag\"\n");
        assert_eq!(
            rules.judge(std::slice::from_ref(&seed)).decision,
            Decision::Review
        );
        let asked = "[[raise]]\nsource = \"partner\"\nopinion = \"investigate\"\nto = \"flag\"\n";
        assert_eq!(policy(asked).judge(&[seed]).decision, Decision::Flag);
    }

    proptest! {
        #[test]
        fn more_matches_of_no_negative_kind_never_weaken_the_decision(
            bits in prop::collection::vec(0u32..32, 1..12),
            more in 0u32..32,
        ) {
            let rules = policy(
                "[[raise]]\nsource = \"a\"\nto = \"flag\"\nmax_distance = 8\n\
                 [[raise]]\ncategory = \"ivory seizure\"\nto = \"review\"\nmax_distance = 20\n",
            );
            let mut found: Vec<Match> = bits.iter().map(|&bits| listed("a", bits)).collect();
            let before = rules.judge(&found).decision;
            found.push(listed("b", more));
            prop_assert!(rules.judge(&found).decision >= before);
        }
    }
}
