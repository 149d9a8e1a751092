//! The columns that mean something here, and what else they are called.

use std::sync::Arc;

/// A column that some reader asks for by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The photograph's file.
    File,
    /// Who offers it.
    Seller,
    /// The listing it illustrates.
    Listing,
    /// The site it was seen on.
    Platform,
    /// When it was captured.
    CapturedAt,
    /// What it shows.
    Label,
    /// Rows that belong together.
    Group,
    /// Which collection it comes from.
    Source,
    /// Copies of one picture.
    Cluster,
    /// Whether a picture asks or is searched.
    Role,
    /// What was done to a copy.
    Transformation,
    /// The picture that asks.
    Query,
    /// The picture that is named or looked for.
    Db,
    /// How sure an answer is.
    Score,
    /// Which method answers.
    Method,
    /// PDQ hash.
    Pdq,
    /// PDQ quality.
    PdqQuality,
    /// Why there is no score.
    ErrorKind,
}

/// Every column with its name and its synonyms: the one place that knows them. Names are compared
/// in lower case, without the blanks around them. Only the columns that a reader asks for are
/// looked for; the others of a table are none of its business and pass through.
const NAMES: [(Column, &str, &[&str]); 18] = [
    (
        Column::File,
        "file",
        &[
            "path",
            "image",
            "filename",
            "file_name",
            "file_path",
            "filepath",
            "image_path",
            "image_file",
            "local_path",
            "photo",
            "picture",
        ],
    ),
    (
        Column::Seller,
        "seller",
        &[
            "shop",
            "account",
            "user",
            "username",
            "vendor",
            "store",
            "merchant",
            "seller_id",
            "seller_name",
            "shop_name",
        ],
    ),
    (
        Column::Listing,
        "listing",
        &["listing_id", "item", "item_id", "ad", "ad_id", "offer_id"],
    ),
    (
        Column::Platform,
        "platform",
        &["site", "market", "marketplace", "website", "source_site"],
    ),
    (
        Column::CapturedAt,
        "captured_at",
        &[
            "date",
            "timestamp",
            "crawled_at",
            "scraped_at",
            "seen_at",
            "captured",
        ],
    ),
    (Column::Label, "label", &["class", "category"]),
    (
        Column::Group,
        "group",
        &["group_id", "object", "object_id", "cluster"],
    ),
    (Column::Source, "source", &[]),
    (Column::Cluster, "cluster", &["cluster_id"]),
    (Column::Role, "role", &[]),
    (Column::Transformation, "transformation", &["transform"]),
    (Column::Query, "query", &["query_id"]),
    (Column::Db, "db", &["db_id", "reference", "reference_id"]),
    (Column::Score, "score", &["similarity"]),
    (Column::Method, "method", &[]),
    (Column::Pdq, "pdq", &[]),
    (Column::PdqQuality, "pdq_quality", &[]),
    (Column::ErrorKind, "error_kind", &[]),
];

impl Column {
    /// Every column.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(column, ..)| *column)
    }

    /// The name under which documentation and messages speak of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Other names under which it is found.
    #[must_use]
    pub fn synonyms(self) -> &'static [&'static str] {
        NAMES[self as usize].2
    }
}

/// Two columns of a table that cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguity {
    /// Two synonyms of one meaning, or one name twice.
    #[error("the columns `{first}` and `{second}` both mean {meaning}; rename one of them")]
    SameMeaning {
        /// What both mean.
        meaning: &'static str,
        /// The one that stands first, as the table spells it.
        first: String,
        /// The other.
        second: String,
    },
    /// One name twice, of a column that passes through.
    #[error("two columns are called `{0}`; rename one of them")]
    SameName(String),
}

/// Where the wanted columns of a table stand, and which others it has.
#[derive(Debug, Clone)]
pub(super) struct Layout<const N: usize> {
    /// Per wanted column, its place.
    pub(super) places: [Option<usize>; N],
    /// Places and names of the others. A column without a name is none.
    pub(super) others: Vec<(usize, Arc<str>)>,
}

impl<const N: usize> Layout<N> {
    /// Finds the `wanted` columns among `names`, which are in the order of the table.
    pub(super) fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        wanted: [Column; N],
    ) -> Result<Self, Ambiguity> {
        let names: Vec<&str> = names.into_iter().map(str::trim).collect();
        let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let mut places = [None; N];
        for (place, column) in places.iter_mut().zip(wanted) {
            *place = find(&names, &lower, column)?;
        }
        let others = (names.iter().enumerate())
            .filter(|(at, name)| !name.is_empty() && !places.contains(&Some(*at)))
            .map(|(at, name)| (at, Arc::from(*name)));
        let layout = Self {
            places,
            others: others.collect(),
        };
        match layout.repeated() {
            Some(name) => Err(Ambiguity::SameName(name.to_string())),
            None => Ok(layout),
        }
    }

    /// Of a table without columns.
    pub(super) fn empty() -> Self {
        Self {
            places: [None; N],
            others: Vec::new(),
        }
    }

    /// How many of the wanted columns are there.
    pub(super) fn found(&self) -> usize {
        self.places.iter().flatten().count()
    }

    fn repeated(&self) -> Option<&Arc<str>> {
        let mut names: Vec<&Arc<str>> = self.others.iter().map(|(_, name)| name).collect();
        names.sort_unstable();
        names
            .windows(2)
            .find(|pair| pair[0] == pair[1])
            .map(|pair| pair[0])
    }
}

/// The one column of this meaning: the one with the exact name, else the only synonym.
fn find(names: &[&str], lower: &[String], column: Column) -> Result<Option<usize>, Ambiguity> {
    let those = |known: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..names.len()).filter(|&at| known(&lower[at])).collect()
    };
    let mut found = those(&|name| name == column.name());
    if found.is_empty() {
        found = those(&|name| column.synonyms().contains(&name));
    }
    match found[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [first, second, ..] => Err(Ambiguity::SameMeaning {
            meaning: column.name(),
            first: names[first].to_owned(),
            second: names[second].to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(names: &[&str]) -> Result<[Option<usize>; 2], Ambiguity> {
        let wanted = [Column::File, Column::Seller];
        Layout::new(names.iter().copied(), wanted).map(|layout| layout.places)
    }

    #[test]
    fn every_column_stands_in_the_table_at_its_own_place() {
        for (place, (column, ..)) in NAMES.iter().enumerate() {
            assert_eq!(*column as usize, place, "{column:?}");
        }
    }

    #[test]
    fn names_are_found_whatever_their_case_and_blanks_and_by_their_synonyms() {
        assert_eq!(places(&[" File ", "SELLER"]), Ok([Some(0), Some(1)]));
        assert_eq!(places(&["Shop", "Image_Path"]), Ok([Some(1), Some(0)]));
        assert_eq!(places(&["price"]), Ok([None, None]));
    }

    #[test]
    fn an_exact_name_goes_before_synonyms_and_two_synonyms_are_named() {
        assert_eq!(places(&["image", "file", "path"]), Ok([Some(1), None]));
        let twice = places(&["Image", "path"]).unwrap_err().to_string();
        assert!(
            twice.contains("`Image` and `path` both mean file"),
            "{twice}"
        );
        let twice = places(&["file", "price", "price"]).unwrap_err().to_string();
        assert!(twice.contains("two columns are called `price`"), "{twice}");
    }

    #[test]
    fn what_nobody_asked_for_is_kept_as_it_is_spelled() {
        let names = ["Price", "file", "", "URL", "image"];
        let layout = Layout::new(names, [Column::File]).unwrap();
        let others: Vec<(usize, &str)> = (layout.others.iter())
            .map(|(at, name)| (*at, &**name))
            .collect();
        assert_eq!(others, [(0, "Price"), (3, "URL"), (4, "image")]);
    }
}
