-- Documents and fragments of XML, for servers built with libxml.
CREATE SCHEMA xml;
SET search_path = xml;
SET xmloption = content;

CREATE TABLE papers (id integer PRIMARY KEY, x xml, many xml[]);
INSERT INTO papers VALUES
    (1, NULL, NULL), (2, '', '{}'), (3, 'only text', ARRAY['a'::xml, NULL]), (4, '<a/><b/>', ARRAY['<a b="1, 2"/>'::xml]),
    (5, '<?xml version="1.0"?><a>é</a>', NULL), (6, '<?xml version="1.0" standalone="yes"?><a/>', NULL),
    (7, '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', NULL), (8, '<!-- - --><a/>', NULL),
    (9, E'<a><![CDATA[ ]] > & ]]>\n\t&#x1F992;&lt;</a>', NULL), (10, '<?p i?>', NULL), (11, xmlelement(name "A b", xmlattributes(1 AS "c d"), '<&>'), NULL);
CREATE DOMAIN paper AS xml CHECK (VALUE IS DOCUMENT);
CREATE TABLE documents (p paper, made text GENERATED ALWAYS AS (p::text) STORED);
INSERT INTO documents VALUES ('<a> <b/></a>'), (NULL);
CREATE INDEX titles ON papers ((xpath('/a/text()', x)::text[])) WHERE id > 10;
