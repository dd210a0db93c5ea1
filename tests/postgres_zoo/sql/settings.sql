-- An extension with configuration tables: rows of the user's in tables of the extension's.
CREATE SCHEMA settings;
CREATE EXTENSION zoo_settings SCHEMA settings;
INSERT INTO settings.choices VALUES ('food', '{"each": "day"}'), ('noise', NULL);
UPDATE settings.choices SET value = '13' WHERE name = 'light';
INSERT INTO settings.history (said, who) VALUES ('2000-01-01 00:00:00+00', 'keeper'), ('infinity', NULL);
INSERT INTO settings.fixed VALUES (99);
GRANT SELECT, INSERT ON settings.choices TO zoo_reader;
