//! The database: its tables, and the steps from each older format to this one.

use std::path::Path;

use rusqlite::Connection;

use super::error::{IndexError, Result, WithPath};

/// Marks the file as an index (`PRAGMA application_id`, the letters FAUN).
const APPLICATION_ID: i64 = 0x4641_554e;

/// Step `k` takes a database of format `k` to format `k + 1` (`PRAGMA user_version`).
const STEPS: [&str; 5] = [
    // Times are UTC, ISO 8601. An empty text is an unknown seller, listing, platform or time.
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE pdq(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32));
     CREATE TABLE model(
       id INTEGER PRIMARY KEY, model TEXT NOT NULL, preprocessing TEXT NOT NULL, dimension INTEGER NOT NULL,
       UNIQUE(model, preprocessing, dimension));
     CREATE TABLE descriptor(
       id INTEGER PRIMARY KEY, model INTEGER NOT NULL REFERENCES model, digest BLOB NOT NULL,
       vector BLOB NOT NULL, -- 32-bit floats, little-endian, unit length
       UNIQUE(model, digest));
     CREATE TABLE image(
       id INTEGER PRIMARY KEY, sha256 BLOB UNIQUE, width INTEGER, height INTEGER,
       pdq INTEGER REFERENCES pdq, pdq_definition TEXT, quality INTEGER,
       descriptor INTEGER REFERENCES descriptor,
       mark TEXT,                                -- why it is no evidence by itself; NULL when it is
       source TEXT, external_id TEXT, tags TEXT, -- of an imported hash
       added_at TEXT NOT NULL, updated_at TEXT NOT NULL, removed_at TEXT,
       UNIQUE(source, external_id));
     CREATE INDEX image_by_pdq ON image(pdq);
     CREATE INDEX image_by_descriptor ON image(descriptor);
     CREATE TABLE sighting(
       id INTEGER PRIMARY KEY, image INTEGER NOT NULL REFERENCES image,
       file TEXT NOT NULL, seller TEXT NOT NULL, listing TEXT NOT NULL, platform TEXT NOT NULL,
       captured_at TEXT NOT NULL, added_at TEXT NOT NULL,
       UNIQUE(image, seller, listing, platform, file, captured_at));
     CREATE INDEX sighting_by_seller ON sighting(seller);
     CREATE VIEW seen AS
       SELECT image.id AS image, lower(hex(sha256)) AS sha256, lower(hex(pdq.hash)) AS pdq, quality, mark,
              file, seller, listing, platform, captured_at, removed_at
       FROM image LEFT JOIN pdq ON pdq.id = image.pdq LEFT JOIN sighting ON sighting.image = image.id;",
    // Landmarks verify what descriptors propose; hashes of other families stand beside PDQ.
    "CREATE TABLE landmarks(
       image INTEGER PRIMARY KEY REFERENCES image, definition TEXT NOT NULL, points BLOB NOT NULL);
     CREATE TABLE perceptual(
       image INTEGER NOT NULL REFERENCES image, definition TEXT NOT NULL, bits BLOB NOT NULL,
       PRIMARY KEY(image, definition)) WITHOUT ROWID;
     CREATE INDEX image_removed ON image(id) WHERE removed_at IS NOT NULL;",
    // A list of others is a source with a state. `updated_at` is ours alone: what a partner says of
    // times is in `listed_at`, and freezes nothing.
    "CREATE TABLE source(
       name TEXT PRIMARY KEY, form TEXT NOT NULL, state TEXT NOT NULL, imported_at TEXT NOT NULL) WITHOUT ROWID;
     INSERT INTO source SELECT source, '', '', min(added_at) FROM image WHERE source IS NOT NULL GROUP BY source;
     CREATE TABLE unwanted(hash BLOB PRIMARY KEY) WITHOUT ROWID; -- stays away, whoever lists it
     ALTER TABLE image ADD COLUMN category TEXT;
     ALTER TABLE image ADD COLUMN opinion TEXT;
     ALTER TABLE image ADD COLUMN listed_at TEXT;                -- when its list last changed it
     ALTER TABLE image ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0; -- removed by its list, which may bring it back
     ALTER TABLE image ADD COLUMN decision TEXT;                 -- of the last scan
     ALTER TABLE image ADD COLUMN raised TEXT;                   -- labels behind it, a line each
     UPDATE image SET tags = replace(tags, ' ', char(10)) WHERE tags IS NOT NULL;
     UPDATE image SET withdrawn = removed_at IS NOT NULL, updated_at = strftime('%Y-%m-%dT%H:%M:%SZ','now'),
       listed_at = CASE WHEN updated_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
                         AND updated_at <= strftime('%Y-%m-%dT%H:%M:%SZ','now') THEN updated_at END
       WHERE source IS NOT NULL;
     DROP VIEW seen;
     CREATE VIEW seen AS
       SELECT image.id AS image, lower(hex(sha256)) AS sha256, lower(hex(pdq.hash)) AS pdq, quality, mark,
              file, seller, listing, platform, captured_at, removed_at, source, category, opinion, listed_at, decision
       FROM image LEFT JOIN pdq ON pdq.id = image.pdq LEFT JOIN sighting ON sighting.image = image.id;",
    // The pictures on a page are pictures of their own, with numbers below 0; they are seen where
    // their page is.
    "ALTER TABLE image ADD COLUMN page INTEGER REFERENCES image;
     ALTER TABLE image ADD COLUMN place TEXT;                    -- its corners there, in pixels: x,y x,y x,y x,y
     CREATE INDEX image_by_page ON image(page) WHERE page IS NOT NULL;
     DROP VIEW seen;
     CREATE VIEW seen AS
       SELECT image.id AS image, lower(hex(sha256)) AS sha256, lower(hex(pdq.hash)) AS pdq, quality, mark,
              file, seller, listing, platform, captured_at, removed_at, source, category, opinion, listed_at, decision,
              page, place
       FROM image LEFT JOIN pdq ON pdq.id = image.pdq LEFT JOIN sighting ON sighting.image = coalesce(page, image.id);",
    // What a cover leaves free of a picture is compared place by place.
    "ALTER TABLE landmarks ADD COLUMN thumbnail BLOB;            -- NULL where it was not kept",
];

/// Format this version writes.
pub(super) const FORMAT: i64 = STEPS.len() as i64;

/// The format of an open database of an index, from 1 to [`FORMAT`].
pub(super) fn format(db: &Connection, path: &Path) -> Result<i64> {
    let found: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .with_path(path)?;
    let application: i64 = db
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .with_path(path)?;
    if application != APPLICATION_ID || found < 1 {
        let what = match (application, found) {
            (0, 0) => "an empty or foreign database".into(),
            (APPLICATION_ID, _) => format!("a database of the impossible format {found}"),
            _ => "a database of another program".into(),
        };
        return Err(IndexError::Foreign {
            path: path.into(),
            what,
        });
    }
    if found > FORMAT {
        return Err(IndexError::Newer {
            path: path.into(),
            found,
            known: FORMAT,
        });
    }
    Ok(found)
}

/// Brings a database of the format `found` to the current one in one transaction; a new database
/// is of format 0.
pub(super) fn migrate(db: &mut Connection, path: &Path, found: i64) -> Result<()> {
    if found == FORMAT {
        return Ok(());
    }
    let step = db.transaction().with_path(path)?;
    for sql in &STEPS[found as usize..] {
        step.execute_batch(sql).with_path(path)?;
    }
    step.pragma_update(None, "application_id", APPLICATION_ID)
        .with_path(path)?;
    step.pragma_update(None, "user_version", FORMAT)
        .with_path(path)?;
    step.commit().with_path(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of an earlier format with one picture and its sighting.
    fn of_format(found: usize) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for sql in &STEPS[..found] {
            db.execute_batch(sql).unwrap();
        }
        db.execute_batch(
            "INSERT INTO image(id, sha256, quality, added_at, updated_at)
               VALUES (7, x'0123', 90, '2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z');
             INSERT INTO sighting(image, file, seller, listing, platform, captured_at, added_at)
               VALUES (7, 'old.jpg', 'old shop', 'L-1', '', '', '2026-01-02T03:04:05Z');",
        )
        .unwrap();
        db
    }

    /// Image, file, seller, page and place.
    type SeenRow = (i64, String, String, Option<i64>, Option<String>);

    #[test]
    fn every_earlier_format_arrives_with_what_it_held_and_takes_pictures_on_pages() {
        for found in 1..STEPS.len() {
            let mut db = of_format(found);
            migrate(&mut db, Path::new("index"), found as i64).unwrap();
            assert_eq!(format(&db, Path::new("index")).unwrap(), FORMAT);
            db.execute_batch(
                "INSERT INTO image(id, page, place, quality, added_at, updated_at)
                   VALUES (-1, 7, '0,0 9,0 9,9 0,9', 80, '', '')",
            )
            .unwrap();
            let sql = "SELECT image, file, seller, page, place FROM seen ORDER BY image DESC";
            let mut statement = db.prepare(sql).unwrap();
            let rows: Vec<SeenRow> = statement
                .query_map([], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                    ))
                })
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let seen = |image, page, place: Option<&str>| {
                let place = place.map(str::to_owned);
                (
                    image,
                    "old.jpg".to_owned(),
                    "old shop".to_owned(),
                    page,
                    place,
                )
            };
            let expected = [
                seen(7, None, None),
                seen(-1, Some(7), Some("0,0 9,0 9,9 0,9")),
            ];
            assert_eq!(rows, expected, "from format {found}");
        }
    }
}
