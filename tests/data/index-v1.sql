-- An index of format 1, as the first version of the program wrote it: one picture, sighted once.
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
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
  FROM image LEFT JOIN pdq ON pdq.id = image.pdq LEFT JOIN sighting ON sighting.image = image.id;
INSERT INTO meta VALUES ('hash_only', 'false'), ('epoch', '00112233445566778899aabbccddeeff');
INSERT INTO pdq VALUES (1, x'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');
INSERT INTO image(id, sha256, width, height, pdq, pdq_definition, quality, added_at, updated_at)
  VALUES (1, x'1111111111111111111111111111111111111111111111111111111111111111', 640, 480, 1, 'pdq/1 full bt601', 90, '2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z');
INSERT INTO sighting(image, file, seller, listing, platform, captured_at, added_at)
  VALUES (1, 'old.jpg', 'old shop', 'L1', '', '2026-01-01', '2026-01-02T03:04:05Z');
PRAGMA application_id = 1178686798;
PRAGMA user_version = 1;
