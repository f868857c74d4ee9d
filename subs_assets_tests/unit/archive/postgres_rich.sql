-- A PostgreSQL database with every kind of object and value that an archive can hold, in parts.

CREATE SCHEMA "We ird";
CREATE SCHEMA emptied;
COMMENT ON SCHEMA "We ird" IS 'quotes '' and \ backslashes';
CREATE EXTENSION hstore;
CREATE EXTENSION citext SCHEMA "We ird";

CREATE TYPE mood AS ENUM ('sad', 'o''k', 'happy');
ALTER TYPE mood ADD VALUE 'between' BEFORE 'o''k';
-- commit
CREATE TYPE empty_enum AS ENUM ();
CREATE TYPE point3 AS (x float8, "Y z" text COLLATE "C", m mood);
CREATE TYPE "We ird".nested AS (p point3, tags text[]);
CREATE TYPE float_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE text_range AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = "We ird".texts);
CREATE FUNCTION is_short(value text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT length(value) < 100 $$;
CREATE DOMAIN short AS text COLLATE "C" DEFAULT 'x' NOT NULL CONSTRAINT shorter CHECK (public.is_short(VALUE));
CREATE DOMAIN positive AS integer;
CREATE DOMAIN points AS point3[];
COMMENT ON TYPE point3 IS 'a type'; COMMENT ON DOMAIN short IS 'a domain'; COMMENT ON COLUMN point3.x IS 'across';
COMMENT ON CONSTRAINT shorter ON DOMAIN short IS 'a domain''s constraint';

CREATE TABLE every_type (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH -5 INCREMENT BY 3 MINVALUE -100 MAXVALUE 1000000 CACHE 7 CYCLE)
        PRIMARY KEY,
    i2 smallint, i4 integer, i8 bigint, n numeric, n2 numeric(12, 4), f4 real, f8 double precision, b boolean,
    t text, vc varchar(20), c char(6), one "char", nm name, by bytea, d date, ti time(3), tz timetz, ts timestamp,
    tstz timestamptz(6), iv interval, ivs interval day to second(2), u uuid, net inet, ci cidr, mac macaddr,
    mac8 macaddr8, m money, j json, jb jsonb, x xml, bi bit(5), vb varbit, pt point, ln line, ls lseg, bx box, pa path,
    po polygon, cr circle, tsv tsvector, tsq tsquery, r4 int4range, rn numrange, rts tstzrange, mr int8multirange, o oid,
    rc regclass, lsn pg_lsn, xid xid8, jp jsonpath, a int[], a2 text[][], am mood[], ad date[],
    e mood, co point3, ne "We ird".nested, sh short, ps points, fr float_range, tr text_range, trs "We ird".texts,
    h hstore, cit "We ird".citext, g text GENERATED ALWAYS AS (upper(t) || '!') STORED
);
INSERT INTO every_type (i2, i4, i8, n, n2, f4, f8, b, t, vc, c, one, nm, by, d, ti, tz, ts, tstz, iv, ivs, u, net, ci, mac,
    mac8, m, j, jb, x, bi, vb, pt, ln, ls, bx, pa, po, cr, tsv, tsq, r4, rn, rts, mr, o, rc, lsn, xid, jp, a, a2, am, ad, e,
    co, ne, sh, ps, fr, tr, trs, h, cit) VALUES
(-32768, -2147483648, -9223372036854775808, 'NaN', -0.0001, '-0', '-0', true, E'tab\tnew\nline\rreturn\\back"quote''\b\f\v\x01\x7f',
    'ümläut😀', 'ab', 'a', 'name', '\x00ff5c0a', '4713-01-01 BC', '24:00', '24:00:00+15:59', '0044-03-15 12:00 BC',
    '-infinity', '-1 year 2 mons -3 days +04:05:06.789', '1 day 02:03:04.57', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    '10.1.2.3/8', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '-92233720368547758.08',
    '{"a": 1, "a": 2,   "b": null}', '{"a": 1e400, "b": [1.10, null]}', '<a>x &amp; y</a>', B'10110', B'1',
    '(1e-300,Infinity)', '{1,2,3}', '[(0,0),(1,1)]', '(2,2),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(2,0))', '<(0,0),5>',
    '''a b'':1A cat:2B,3', '''fat'' & !cat:*', '[1,10)', '(,1.50]', '[2020-01-01 00:00+00,infinity)', '{[1,3),[7,9)}',
    4294967295, 'every_type', '16/B374D848', '18446744073709551615', '$."a"[*] ? (@ > 1)', '[-2:0]={1,NULL,3}',
    '{{"NULL",NULL},{"a,b","\"q\\"}}', '{happy,"o''k"}', '{infinity,"2020-02-02"}', 'between',
    '(NaN,"a ""quoted"" (thing), \\",happy)', '("(1,,)","{a,b}")', 'sh', '{"(1,a,sad)",NULL}', '[0.1,NaN)', '["a,b","c""d")',
    '{[a,b),[c,d)}', '"k"=>"v w", "n"=>NULL, "q\""=>""', 'CaSe'),
(32767, 2147483647, 9223372036854775807, 'Infinity', 99999999.9999, 'NaN', 'NaN', false, '', '', '', '', '', '', 'infinity',
    '00:00:00.001', '00:00-15:59', 'infinity', 'infinity', '178000000 years', '0', '00000000-0000-0000-0000-000000000000',
    '::1', '::/0', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff:ff:ff', '92233720368547758.07', 'null', 'null', '', B'00000', B'',
    '(NaN,0)', '{0,-1,0}', '[(0,0),(0,0)]', '(0,0),(0,0)', '((0,0),(1,1))', '((0,0))', '<(0,0),0>', '', '', 'empty', '(,)',
    '(,)', '{}', 0, NULL, '0/0', '0', '$', '{}', '{}', '{}', '{}', 'sad', '(,,)', '(,)', '', '{}', 'empty', '(,)', '{}', '',
    ''),
(NULL, 0, 9007199254740993, 0.10000000000000000000000000000000000000000000000000000001, 1.5, 1e-45, 5e-324, NULL,
    E'\u2028\ufeff\r\n\\N\\.', '\N', E'\\.', '\', 'null', NULL, '2020-02-29', '23:59:59.999', '12:00+05:30',
    '294276-12-31 23:59:59.999999', '4714-11-24 00:00:00+00 BC', '1 mon -1 day', '-99 days -00:00:00.01',
    'ffffffff-ffff-ffff-ffff-ffffffffffff', '10.1.2.3', '192.168.0.0/16', NULL, NULL, '0.01', '"text"', '"\u00e9\\"', 'just text',
    B'11111', B'0101010101', '(-0,0)', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, ARRAY[[1,2],[3,4]], NULL, NULL, NULL, NULL, NULL, NULL, 'x', NULL, NULL, NULL, NULL, NULL, NULL),
(NULL, NULL, NULL, '-Infinity', NULL, '3.4028235e38', '1.7976931348623157e308', NULL, repeat('ab\', 100000), NULL, NULL, NULL,
    NULL, decode(repeat('00ff', 50000), 'hex'), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'y', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO every_type (n) SELECT ('1' || repeat('0', 20))::numeric + 1e-20 FROM generate_series(1, 5);

CREATE TABLE "We ird"."q ""1""/é.[select]" ("a b" text, "A B" text, "c""d" int, "%s" text, "select" int, "{}" text, "$rowid" int);
INSERT INTO "We ird"."q ""1""/é.[select]" VALUES ('1', '2', 3, '%s %% {}', 4, '{}', 5), (NULL, '', NULL, '%', 0, NULL, NULL);
CREATE TABLE "upper" (id int); CREATE TABLE "UPPER" (id int); CREATE TABLE "a.b" (id int); CREATE TABLE "a""b" (id int);
INSERT INTO "upper" VALUES (1); INSERT INTO "UPPER" VALUES (2); INSERT INTO "a.b" VALUES (3); INSERT INTO "a""b" VALUES (4);

CREATE TABLE no_key (a text, b int, c char); -- duplicates, and what only differs in blanks or by NULL
INSERT INTO no_key VALUES ('x', 1, 'c'), ('x', 1, 'c'), ('x', 1, NULL), ('X', 1, ' '), (NULL, NULL, NULL), ('', NULL, ''), ('x ', 1, 'c');
CREATE TABLE bare_char (c bpchar); INSERT INTO bare_char VALUES ('a'), ('a '), ('a  '), ('a ');
CREATE TABLE no_columns (); INSERT INTO no_columns SELECT FROM generate_series(1, 3);
CREATE TABLE only_generated (g int GENERATED ALWAYS AS (7) STORED); INSERT INTO only_generated DEFAULT VALUES;
CREATE TABLE empty (a int);
CREATE TABLE one_text (t text); INSERT INTO one_text VALUES (''), (NULL), ('\N'), ('\.'), (E'\n');
CREATE TABLE by_text (k text, n int, v text, PRIMARY KEY (k, n) INCLUDE (v)); -- sorted by bytes, whatever the locale
INSERT INTO by_text SELECT k, n, 'v' FROM unnest(ARRAY['b', 'B', 'a', 'A', 'ä', 'z', '1', 'a b', 'a-b']) k, generate_series(1, 2) n;
CREATE TABLE dropped (a int, gone text, b int DEFAULT 7 NOT NULL, c text); INSERT INTO dropped VALUES (1, 'x', 2, 'c');
ALTER TABLE dropped DROP COLUMN gone; ALTER TABLE dropped ADD COLUMN later int DEFAULT 42;
CREATE TABLE of_type OF point3; INSERT INTO of_type VALUES (1, 'a', 'sad');

CREATE SEQUENCE lonely AS smallint START WITH 10 INCREMENT BY -2 MINVALUE -32000 MAXVALUE 100 CACHE 5 CYCLE;
SELECT nextval('lonely');
CREATE SEQUENCE never_used;
CREATE TABLE serials (id serial PRIMARY KEY, big bigserial, other int DEFAULT nextval('lonely'));
INSERT INTO serials (big) VALUES (5), (6); SELECT setval('serials_big_seq', 900, false);
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, note text) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
INSERT INTO unlogged VALUES (1, 'kept');
ALTER TABLE unlogged ALTER note SET STORAGE EXTERNAL, ALTER note SET STATISTICS 500, ALTER id SET (n_distinct = -0.5);

CREATE TABLE nodes (id int PRIMARY KEY, parent int REFERENCES nodes DEFERRABLE INITIALLY DEFERRED, twin int UNIQUE);
CREATE TABLE twins (id int PRIMARY KEY, node int REFERENCES nodes (twin) ON DELETE CASCADE ON UPDATE SET NULL);
INSERT INTO nodes VALUES (1, 1, 10), (2, 3, 20), (3, 2, NULL); INSERT INTO twins VALUES (10, 10), (20, 20);
-- commit
ALTER TABLE nodes ADD CONSTRAINT cycle FOREIGN KEY (twin) REFERENCES twins (id);
ALTER TABLE twins ADD COLUMN broken int, ADD COLUMN bad int, ADD COLUMN pos positive;
UPDATE twins SET broken = 77, bad = -1, pos = -1;
ALTER TABLE twins ADD CONSTRAINT to_nowhere FOREIGN KEY (broken) REFERENCES nodes NOT VALID;
ALTER TABLE twins ADD CONSTRAINT is_good CHECK (bad > 0) NOT VALID;
ALTER TABLE twins ADD CONSTRAINT "valid ""too"" now" CHECK (bad < 0 OR bad IS NULL) NO INHERIT;
ALTER DOMAIN positive ADD CONSTRAINT over_zero CHECK (VALUE > 0) NOT VALID;
COMMENT ON CONSTRAINT cycle ON nodes IS 'round and round';

CREATE TABLE parts (id int, at date NOT NULL DEFAULT '2020-01-01', v text, CONSTRAINT later CHECK (at > '1999-01-01'),
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parts_2020 PARTITION OF parts (CONSTRAINT own CHECK (id < 1000)) FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parts_2021 (v text DEFAULT 'own', at date NOT NULL, id int NOT NULL, CONSTRAINT later CHECK (at > '1999-01-01'));
ALTER TABLE parts ATTACH PARTITION parts_2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE parts_rest PARTITION OF parts DEFAULT PARTITION BY HASH (id);
CREATE TABLE "We ird".parts_rest_0 PARTITION OF parts_rest FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE INDEX parts_v ON parts (v); CREATE INDEX only_2020 ON parts_2020 (lower(v)) WHERE v IS NOT NULL;
CREATE UNIQUE INDEX half ON ONLY parts (at, id);
ALTER TABLE parts ADD CONSTRAINT parts_of_nodes FOREIGN KEY (id) REFERENCES nodes;
CREATE TABLE refers (id int, at date, FOREIGN KEY (id, at) REFERENCES parts);
INSERT INTO parts VALUES (1, '2020-05-05', 'a'), (2, '2021-05-05', 'b'), (3, '2050-01-01', NULL); INSERT INTO refers VALUES (1, '2020-05-05');

CREATE TABLE base (id int PRIMARY KEY, name text DEFAULT 'n' NOT NULL, CONSTRAINT named CHECK (name <> ''));
CREATE TABLE child (extra int, CONSTRAINT named CHECK (name <> '')) INHERITS (base); ALTER TABLE child ALTER name SET DEFAULT 'other';
CREATE TABLE second_base (id int, more text); CREATE TABLE grandchild (own int) INHERITS (child, second_base);
CREATE TABLE adopted (name text NOT NULL, id int NOT NULL, z int, CONSTRAINT named CHECK (name <> '')); ALTER TABLE adopted INHERIT base;
INSERT INTO base VALUES (1, 'b'); INSERT INTO child VALUES (2, 'c', 3); INSERT INTO grandchild VALUES (3, 'g', 4, 'm', 5);
INSERT INTO adopted VALUES ('a', 4, 6);

CREATE TABLE guarded (id int PRIMARY KEY, owner name, during tsrange, EXCLUDE USING gist (during WITH &&) DEFERRABLE);
INSERT INTO guarded VALUES (1, 'ana', '[2020-01-01,2020-02-01)'), (2, 'ben', NULL);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
CREATE POLICY own ON guarded AS RESTRICTIVE FOR UPDATE TO PUBLIC, subs USING (owner = current_user) WITH CHECK (id > 0);
CREATE POLICY all_of_it ON guarded USING (true);
COMMENT ON POLICY own ON guarded IS 'mine';
CREATE UNIQUE INDEX no_nulls ON by_text (v DESC NULLS LAST, k COLLATE "C" text_pattern_ops) INCLUDE (n) WITH (fillfactor = 80)
    WHERE n > 1000;
CREATE INDEX computed ON by_text ((n + 1), lower(k)); ALTER INDEX computed ALTER COLUMN 1 SET STATISTICS 99;
CREATE INDEX inverted ON every_type USING gin (jb jsonb_path_ops);
ALTER TABLE by_text CLUSTER ON by_text_pkey;
ALTER INDEX by_text_pkey SET (fillfactor = 60);
CREATE UNIQUE INDEX identity ON unlogged (id); ALTER TABLE unlogged REPLICA IDENTITY USING INDEX identity;
CREATE STATISTICS both_columns (ndistinct, mcv) ON k, n FROM by_text; ALTER STATISTICS both_columns SET STATISTICS 77;
COMMENT ON INDEX computed IS 'an index'; COMMENT ON STATISTICS both_columns IS 'statistics';
COMMENT ON TABLE every_type IS E'a\ntable'; COMMENT ON COLUMN every_type.i4 IS 'a column';

CREATE VIEW all_nodes AS SELECT * FROM nodes WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW secure WITH (security_barrier = true, security_invoker = true) AS SELECT a.id, b.k AS "K k" FROM all_nodes a, by_text b;
CREATE VIEW by_group AS SELECT id, name, count(*) FROM base GROUP BY id; -- needs the primary key
CREATE VIEW fails AS SELECT 1 / (id - id) AS never FROM nodes;
CREATE RECURSIVE VIEW counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
ALTER VIEW all_nodes ALTER COLUMN twin SET DEFAULT 5;
CREATE MATERIALIZED VIEW filled AS SELECT k, count(*) AS times FROM by_text GROUP BY k;
CREATE MATERIALIZED VIEW above WITH (fillfactor = 50) AS SELECT max(times) FROM filled;
CREATE MATERIALIZED VIEW not_filled AS SELECT * FROM nodes WITH NO DATA;
CREATE UNIQUE INDEX filled_k ON filled (k);
COMMENT ON VIEW secure IS 'a view'; COMMENT ON MATERIALIZED VIEW filled IS 'filled'; COMMENT ON COLUMN filled.k IS 'k';

CREATE FUNCTION add_up(a int, b int DEFAULT 2, VARIADIC more int[] DEFAULT '{}') RETURNS int LANGUAGE plpgsql STABLE COST 7
    SET work_mem = '8MB' AS $body$ BEGIN RETURN a + b; END; $body$;
CREATE FUNCTION first_key() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT "K k" FROM public.secure ORDER BY 1 LIMIT 1; END;
CREATE TABLE by_function (id int, k text DEFAULT public.first_key()); INSERT INTO by_function VALUES (1, NULL), (2, 'x');
CREATE FUNCTION rows_of() RETURNS SETOF nodes LANGUAGE sql ROWS 5 AS 'SELECT * FROM public.nodes';
CREATE PROCEDURE "Do it"(INOUT x int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN x := x + 1; END';
COMMENT ON FUNCTION add_up(int, int, int[]) IS 'adds'; COMMENT ON PROCEDURE "Do it"(int) IS 'does';
CREATE FUNCTION noisy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.empty VALUES (1); RETURN NULL; END $$;
CREATE TRIGGER noisy AFTER INSERT OR UPDATE OF id ON nodes FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION noisy('x y');
CREATE TRIGGER sleeping AFTER INSERT ON base EXECUTE FUNCTION noisy(); ALTER TABLE base DISABLE TRIGGER sleeping;
CREATE TRIGGER always AFTER INSERT ON base REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION noisy(); ALTER TABLE base ENABLE ALWAYS TRIGGER always;
CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT ON twins DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION noisy();
CREATE TRIGGER on_parts AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION noisy();
ALTER TABLE ONLY parts_2020 DISABLE TRIGGER on_parts;
CREATE TRIGGER instead INSTEAD OF INSERT ON by_group FOR EACH ROW EXECUTE FUNCTION noisy();
COMMENT ON TRIGGER noisy ON nodes IS 'a trigger';
CREATE RULE quiet AS ON INSERT TO empty WHERE new.a < 0 DO INSTEAD NOTHING;
CREATE RULE off AS ON DELETE TO empty DO ALSO SELECT 1; ALTER TABLE empty DISABLE RULE off;
COMMENT ON RULE quiet ON empty IS 'a rule';
COMMENT ON EXTENSION hstore IS 'mine';
COMMENT ON SEQUENCE lonely IS 'alone';
-- commit
CREATE TABLE "this" ("this" text, x int, "public" text COMPRESSION pglz COLLATE "C"); INSERT INTO "this" VALUES ('b', 1), ('a', 2);
CREATE DOMAIN outer_domain AS short CHECK (VALUE <> 'no') CONSTRAINT "a on b" CHECK (VALUE <> 'never');
COMMENT ON CONSTRAINT "a on b" ON DOMAIN outer_domain IS 'on a on b';
ALTER TABLE base ADD CONSTRAINT "x on y" CHECK (id > -7) NO INHERIT; COMMENT ON CONSTRAINT "x on y" ON base IS 'on';
CREATE TYPE holds_domain AS (d outer_domain, n nodes);
CREATE TABLE uses_rows (n nodes, many nodes[], d positive[], h holds_domain, m mood DEFAULT 'happy');
INSERT INTO uses_rows VALUES ((1, NULL, 3), ARRAY[(1, 2, 3)::nodes, NULL], '{1,2}', ROW('x', (7, 8, 9)::nodes)::holds_domain);
CREATE MATERIALIZED VIEW "two
lines" AS SELECT 1 AS "%s";
CREATE VIEW "percent %s %(schemas)s" AS SELECT '100 %' AS "per cent", E'\\' AS slash;
CREATE TABLE gen_parts (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, k "We ird".citext) PARTITION BY LIST (k);
CREATE TABLE gen_parts_a PARTITION OF gen_parts FOR VALUES IN ('a', NULL); INSERT INTO gen_parts VALUES (1, DEFAULT, 'A'), (2, DEFAULT, NULL);
CREATE TABLE like_serials (LIKE serials INCLUDING ALL); INSERT INTO like_serials (big) VALUES (1);
CREATE FUNCTION mood_of(m mood DEFAULT 'sad', VARIADIC "a b" nodes[] DEFAULT NULL) RETURNS TABLE (x int, "Y" text)
    LANGUAGE sql RETURNS NULL ON NULL INPUT PARALLEL SAFE LEAKPROOF AS $f$ SELECT 1, '$$' $f$;
CREATE VIEW with_rule AS SELECT * FROM empty;
CREATE RULE add AS ON INSERT TO with_rule DO INSTEAD INSERT INTO empty VALUES (new.a) RETURNING empty.a;
CREATE UNLOGGED SEQUENCE unlogged_numbers; SELECT setval('unlogged_numbers', 9223372036854775807);
CREATE TABLE "We ird".child_elsewhere () INHERITS (second_base); INSERT INTO "We ird".child_elsewhere VALUES (1, 'm');
ALTER TABLE no_key REPLICA IDENTITY NOTHING;
CREATE UNIQUE INDEX nulls ON no_columns ((1)) NULLS NOT DISTINCT WHERE false;
CREATE INDEX brin ON by_text USING brin (n int4_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 4);
ALTER MATERIALIZED VIEW filled ALTER k SET STATISTICS 33, ALTER k SET STORAGE PLAIN;
CREATE FUNCTION with_hstore(h hstore) RETURNS text LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION with_hstore DEPENDS ON EXTENSION hstore;
ALTER INDEX inverted DEPENDS ON EXTENSION hstore; ALTER TRIGGER noisy ON nodes DEPENDS ON EXTENSION citext;
CREATE TABLE id_parts (id int GENERATED ALWAYS AS IDENTITY, a int, x xml) PARTITION BY RANGE (a);
CREATE TABLE id_parts_1 PARTITION OF id_parts FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
INSERT INTO id_parts (a, x) VALUES (1, '<!DOCTYPE a [<!ENTITY b "c">]><a/>'), (2, 'no <b/> document');
CREATE TABLE refers_to_parts (id int, a int); ALTER TABLE refers_to_parts ADD x xid, ADD v oidvector, ADD r regtype, ADD f regproc;
INSERT INTO refers_to_parts VALUES (1, 1, '4294967295', '1 2 3', 'point3', 'pg_catalog.now'), (2, 2, '0', '', 'integer[]', 'noisy');
CREATE COLLATION "We ird".nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION posix (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX'); COMMENT ON COLLATION posix IS 'a collation';
CREATE TABLE collated (k text COLLATE "We ird".nocase PRIMARY KEY, v varchar(3) COLLATE posix, d short COLLATE "We ird".nocase);
INSERT INTO collated VALUES ('b', 'x', 'X'), ('A', 'y', 'Y');
CREATE TYPE nocase_range AS RANGE (SUBTYPE = text, COLLATION = "We ird".nocase);
