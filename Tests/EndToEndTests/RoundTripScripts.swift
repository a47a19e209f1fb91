/// The Python programs of the round trip.
enum RoundTripScripts {
    /// Writes the table's rows for COPY: every edge of every type, alone and among others, and thousands of documents.
    static let make = #"""
        import datetime, json, random, sys, uuid
        r = random.Random(20261101)
        edge = ['', ' ', '  both ends  ', 'null', 'NULL', '\\N', '\\.', '\\', '"', '""', "'", ',', ';', '|', '\t', 'a,b', 'a;b', '"quoted"', 'say ""hi""',
            'line\nend', 'line\r\nend', '\n', '\r', '\r\n', '\n\n', 'ends in CR\r', '-', '{"a": 1}', '[1,2]', '1e5', '1234567890123456789', 'true',
            '2026-01-01', '\\x00ff', 'tab\there', 'Zoë 漢字', '🦀', '𝒳', '\U0010FFFF', '\ufeffbom', '\u2028\u2029', 'e\u0301', '\u200d', 'ﷺ', '\x7f',
            ''.join(map(chr, range(1, 32))), 'x' * 1_000_000, 'a,"b"\r\n' * 20_000, '=1+1', '#', '%', '\\n', '\\"', 'a\\', '/', '</script>']
        edge += [''.join(chr(c) for c in range(s, s + 512) if not 0xD800 <= c <= 0xDFFF) for s in range(32, 0x3000, 512)]
        def text(n=12):
            return ''.join(r.choice(['a', 'Z', '0', ' ', ',', ';', '"', '\\', '\n', '\r', '\t', 'é', '漢', '🦀', "'", '/', '\x01', '\x1f', '|'])
                           for _ in range(r.randrange(n)))
        def number():
            k = r.randrange(8)
            if k == 0: return str(r.randrange(-2**63, 2**63))
            if k == 1: return str(r.randrange(10**40)) + '.' + str(r.randrange(10**20))
            if k == 2: return '%d.%d0' % (r.randrange(1000), r.randrange(1000))
            if k == 3: return '%de%d' % (r.randrange(1, 10), r.randrange(-30, 30))
            if k == 4: return str(r.choice([2**53 - 1, 2**53, 2**53 + 1, -2**53 - 1, 1234567890123456789]))
            return str(r.randrange(-1000, 1000))
        keys = ['a', 'b', 'id', 'name', 'user', 'A', '', ' ', 'a.b', 'a/b', 'm~n', 'q"r', 'é', '🦀', 'new\nline', 'null', 'x' * 70, '\\', '0', '_extra', 'doc']
        def value(depth):
            k = r.randrange(10)
            if depth > 0 and k < 3: return '{' + ', '.join(json.dumps(x, ensure_ascii=r.random() < .3) + ': ' + value(depth - 1) for x in r.sample(keys, r.randrange(5))) + '}'
            if depth > 0 and k < 4: return '[' + ', '.join(value(depth - 1) for _ in range(r.randrange(4))) + ']'
            if k < 6: return number()
            if k < 7: return r.choice(['true', 'false', 'null'])
            return json.dumps(text(), ensure_ascii=r.random() < .5)
        docs = ['{}', '[]', '"text"', '1.10', 'null', 'true', '{"a": {}}', '{"a": []}', '{"a": null}', '""', '-0.0', '[null, {"": ""}]',
            '123456789012345678901234567890.10', '1e-400', '9' * 400, '{"n": 1e400}', '{"a": "%s"}' % ('y' * 1_000_000), '[' * 200 + ']' * 200,
            '{' + ', '.join('"wide%d": %d' % (n, n) for n in range(500)) + '}', '{"a.b": 1, "a": {"b": 2}}', json.dumps({'s': s for s in ['x']}),
            '[' + ', '.join(map(str, range(20_000))) + ']']
        docs += [json.dumps({'k': e}) for e in edge if len(e) < 1000]
        docs += ['{"deep": ' * 60 + '1' + '}' * 60]
        while len(docs) < 3200: docs.append('{' + ', '.join(json.dumps(x) + ': ' + value(r.randrange(6)) for x in r.sample(keys, r.randrange(1, 9))) + '}')
        columns = {
            'b': ['t', 'f'],
            'i2': ['-32768', '32767', '0'],
            'i4': ['-2147483648', '2147483647', '0', '-1'],
            'i8': ['-9223372036854775808', '9223372036854775807', '1234567890123456789', '9007199254740991', '9007199254740992', '9007199254740993',
                '-9007199254740993', '0', '100000000000000000', '1000000'],
            'num': ['0', '0.000', '-0.00', '1e-400', '9' * 400, '-' + '9' * 400 + '.' + '1' * 400, '123456789012345678901234567890.10', 'NaN',
                'Infinity', '-Infinity', '9007199254740993', '1e20', '0.1', '1.50', '10000', '99990000', '0.00010'],
            'dec': ['0.1', '-9999999999999999.9999', '12', 'NaN', '0.0001'],
            'f4': ['0.1', '1', '-1.5', '3.4028235e+38', '1e-45', 'NaN', 'Infinity', '-Infinity', '-0', '16777217'],
            'f8': ['0.1', '5e-324', '1.7976931348623157e308', 'NaN', 'Infinity', '-Infinity', '-0', '0.30000000000000004', '1e15', '1e16', '123456789012345680', '1e-7'],
            't': edge,
            'u': ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
            'd': ['0001-01-01', '2000-02-29', '9999-12-31', '0044-03-15 BC', '10000-01-01', 'infinity', '-infinity', '1969-12-31', '4713-01-01 BC'],
            'ts': ['2026-11-01 12:34:56.789012', '0001-01-01', '1999-12-31 23:59:59.999999', 'infinity', '-infinity', '0044-03-15 12:00 BC', '10000-01-01', '1970-01-01 00:00:00.000001'],
            'tz': ['2026-11-01 12:34:56.000001+02', '9999-12-31 23:59:59.999999Z', 'infinity', '-infinity', '0044-03-15 BC', '294276-01-01Z', '2026-03-29 01:30Z'],
            'by': ['\\x', '\\x00ff41', '\\x22', '\\x0a0d', '\\x' + bytes(range(256)).hex(), '\\x' + 'ab' * 100_000],
            'ai': ['{}', '{1,NULL,3}', '{{1,2},{3,NULL}}', '{9223372036854775807}', '{NULL}'],
            'at': ['{}', '{NULL}', '{"a,b","say \\"hi\\"",NULL,"","NULL","line\nend"}', '{🦀}'],
            'iv': ['1 year 2 mons -3 days 04:05:06.789', '0', '-1 s'],
            'ip': ['10.1.2.3', '10.0.0.0/8', '2001:db8::1'],
            'raw': ['{"a":  [1, 2.50, null]}', '"text"', '1.10', '{"k": 1, "k": 2, "k": {"k": null, "k": 0}}', '[ ]', '{"u": "\\u00e9\\ud83e\\udd80\\/"}', 'null', '1e400', ' {"b" : 1}'],
        }
        def escape(v):
            if v is None: return '\\N'
            return v.replace('\\', '\\\\').replace('\n', '\\n').replace('\r', '\\r').replace('\t', '\\t')
        names = list(columns)
        with open(sys.argv[1], 'w', newline='') as out:
            def write(*cells): out.write('\t'.join(map(escape, cells)) + '\n')
            n = 0
            for i in range(max(map(len, columns.values())) * 2):
                # Each value once by itself, with all others NULL in the first round, and among others in the second.
                for alone in ([True] if i % 2 == 0 else [False]):
                    n += 1
                    row = [columns[c][i // 2 % len(columns[c])] if i // 2 < len(columns[c]) or not alone else None for c in names]
                    if not alone: row = [None if r.random() < .2 else (v if len(v) < 100_000 else None) for v in row]
                    write(str(n), *row, docs[n] if n < len(docs) and n % 3 else None)
            n += 1; write(str(n), *[None] * len(names), None)
            for d in docs:
                n += 1
                short = [None if r.random() < .5 else r.choice([v for v in columns[c] if len(v) < 2000]) for c in names]
                short[names.index('t')] = text(40)
                write(str(n), *short, d)
        print(n)
        """#

    /// Reads the exported files with one reader and compares every value with PostgreSQL's text of the source's.
    ///
    /// It prints the differences as a JSON list. What a reader cannot tell is settled in `same`: Python's csv module knows no
    /// NULL, and DuckDB takes JSON's numbers for doubles where no column of a number's type is asked for.
    static let read = #"""
        import csv, glob, gzip, io, json, os, re, subprocess, sys
        folder, mode = sys.argv[1], sys.argv[2]
        outputs = json.load(open(folder + '/outputs.json'))
        expected = [json.loads(line) for line in open(folder + '/expected.ndjson')]
        names = json.load(open(folder + '/names.json'))
        JSONS, FLOATS, NUMBERS = {'doc', 'raw', 'ai', 'at'}, {'f4', 'f8'}, {'id', 'i2', 'i4', 'i8', 'num', 'dec'}
        csv.field_size_limit(1 << 30)
        by_id = {row[0]: row for row in expected}
        problems = []

        class Raw(str): pass
        def load(t): return json.loads(t, parse_int=Raw, parse_float=Raw, parse_constant=Raw, object_pairs_hook=list)
        def loose(t):
            """A document as a reader that takes numbers for doubles, and the last of equal keys, sees it."""
            return json.loads(t, parse_int=float, parse_float=float)
        def same(column, found, wanted, output, reader):
            if found == wanted: return True
            # NDJSON has one null for NULL and for a document that is null.
            if found is None and wanted == 'null' and column in JSONS and output['format'] == 'ndjson' and reader != 'python': return True
            if found is None or wanted is None:
                return reader == 'python' and output['format'] == 'csv' and (found or '') == (wanted or '') and output['null'] == ''
            # DuckDB reads JSON's -0 as the whole number 0.
            if column in FLOATS and reader == 'duckdb' and (found, wanted) == ('0', '-0'): return True
            if column in FLOATS:
                try: return repr(float(found)) == repr(float(wanted)) or column == 'f4' and float32(found) == float32(wanted)
                except ValueError: return False
            if column in JSONS:
                # Arrays are made anew, without PostgreSQL's spaces; the documents stay as they are.
                if column in {'ai', 'at'}: return load(found) == load(wanted)
                # Asked for as text, a JSON string comes without its quotes.
                if reader in {'duckdb', 'chdb'} and output['format'] == 'ndjson' and wanted.startswith('"'): return found == json.loads(wanted)
                if reader == 'duckdb' and output['format'] == 'ndjson': return loose(found) == loose(wanted)
                return column == 'raw' and found == wanted.strip()
            if reader == 'duckdb' and column in {'num', 'dec'} and output['format'] == 'ndjson' and not output['bigint_as_string']:
                try: return float(found) == float(wanted)
                except ValueError: return False
            return False
        def float32(t):
            import struct
            return repr(struct.unpack('f', struct.pack('f', float(t)))[0])
        def compare(output, reader, rows):
            if len(rows) != len(expected):
                problems.append('%s, %s: %d rows, not %d' % (output['name'], reader, len(rows), len(expected))); return
            rows.sort(key=lambda row: int(row[0]))
            for row, wanted in zip(rows, expected):
                for column, found, want in zip(names, row, wanted):
                    if not same(column, found, want, output, reader):
                        problems.append('%s, %s: row %s, %s is %.200a, not %.200a' % (output['name'], reader, wanted[0], column, found, want))
        def plain(output): return '%s/plain/%s.%s' % (folder, output['name'], output['format'])

        def unpack():
            os.makedirs(folder + '/plain', exist_ok=True)
            for o in outputs:
                files = sorted(glob.glob('%s/lake/%s/*' % (folder, o['name'])))
                if o['name'].startswith('flat'): continue
                assert len(files) == 1, files
                data = open(files[0], 'rb').read()
                if files[0].endswith('.zst'): data = subprocess.run(['zstd', '-dcq', files[0]], capture_output=True, check=True).stdout
                if files[0].endswith('.gz'): data = gzip.decompress(data)
                open(plain(o), 'wb').write(data)
                if o['format'] == 'csv' and not o['header']: continue
                if o['format'] == 'csv':
                    header = next(csv.reader(io.StringIO(data[:4096].decode('utf-8', 'ignore'), newline=''), delimiter=o['delimiter']))
                    open(folder + '/header.json', 'w').write(json.dumps(header))

        def members(line):
            """The members of an object on one line: each value's own text, and the value."""
            decoder, at, found = json.JSONDecoder(parse_int=Raw, parse_float=Raw, object_pairs_hook=list), 1, {}
            while line[at] != '}':
                if line[at] == ',': at += 1
                key, at = decoder.raw_decode(line, at)
                assert line[at] == ':'
                start = at + 1
                while line[start] in ' \t': start += 1
                value, at = decoder.raw_decode(line, start)
                assert key not in found
                found[key] = (line[start:at], value)
                while line[at] in ' \t': at += 1
            assert at == len(line) - 1, line[at:at + 80]
            return found

        def python():
            for o in outputs:
                rows = []
                if o['format'] == 'csv':
                    with open(plain(o), newline='', encoding='utf-8') as file:
                        reader = csv.reader(file, delimiter=o['delimiter'], strict=True)
                        header = next(reader) if o['header'] else json.load(open(folder + '/header.json'))
                        for record in reader:
                            assert len(record) == len(header), 'wrong number of fields'
                            record = dict(zip(header, record))
                            rows.append([None if o['null'] and record[n] == o['null'] else record[n] for n in names])
                    data = open(plain(o), 'rb').read()
                    if not data.endswith(b'\r\n' if o['line_end'] == 'crlf' else b'\n'): problems.append(o['name'] + ': its last line has no end')
                    if o['null']:
                        # The csv module does not tell a quoted marker from NULL; the other readers do.
                        for row in rows:
                            for i, want in enumerate(by_id[row[0]]):
                                if want == o['null'] and row[i] is None: row[i] = want
                else:
                    for line in open(plain(o), newline='\n', encoding='utf-8'):
                        found = members(line[:-1])
                        wanted = dict(zip(names, by_id[found['id'][1]]))
                        for n in names:
                            if (n not in found) != (o['nulls'] == 'omit' and wanted[n] is None):
                                problems.append('%s: %s is %s' % (o['name'], n, 'there' if n in found else 'absent'))
                        row = []
                        for n in names:
                            text, value = found.get(n, ('null', None))
                            if n in NUMBERS and value is not None and value not in ('NaN', 'Infinity', '-Infinity') and isinstance(value, Raw) == o['bigint_as_string'] and not n.startswith('f'):
                                problems.append('%s: %s is %.80s' % (o['name'], n, text))
                            isnull = value is None and not (n in JSONS and wanted[n] == 'null')
                            row.append(None if isnull else text if n in JSONS else value if isinstance(value, str) else text)
                        rows.append(row)
                compare(o, 'python', rows)

        def duckdb():
            import duckdb
            c = duckdb.connect()
            c.execute("SET preserve_insertion_order = false")
            for o in outputs:
                columns = '{' + ', '.join("'%s': 'VARCHAR'" % n for n in (json.load(open(folder + '/header.json')) if o['format'] == 'csv' else names)) + '}'
                path = glob.glob('%s/lake/%s/*' % (folder, o['name']))[0]
                if o['format'] == 'csv':
                    sql = """read_csv('%s', header = %s, auto_detect = false, delim = '%s', quote = '"', escape = '"', nullstr = '%s', allow_quoted_nulls = false,
                        new_line = '%s', max_line_size = 16000000, columns = %s)""" % (path, str(o['header']).lower(), o['delimiter'], o['null'], '\\r\\n' if o['line_end'] == 'crlf' else '\\n', columns)
                else:
                    sql = "read_json('%s', format = 'newline_delimited', maximum_object_size = 64000000, columns = %s)" % (path, columns)
                try: compare(o, 'duckdb', [list(row) for row in c.execute('SELECT %s FROM %s' % (', '.join('"%s"' % n for n in names), sql)).fetchall()])
                except Exception as e: problems.append('%s, duckdb: %s' % (o['name'], str(e)[:600]))

        def chdb():
            import chdb
            for o in outputs:
                path = glob.glob('%s/lake/%s/*' % (folder, o['name']))[0]
                columns = json.load(open(folder + '/header.json')) if o['format'] == 'csv' else names
                form = ('CSVWithNames' if o['header'] else 'CSV') if o['format'] == 'csv' else 'JSONEachRow'
                settings = ', '.join([
                    "format_csv_delimiter = '%s'" % o['delimiter'].replace('\t', '\\t'), "format_csv_null_representation = '%s'" % o['null'].replace('\\', '\\\\'),
                    'input_format_csv_allow_whitespace_or_tab_as_delimiter = %d' % (o['delimiter'] == '\t'),
                    'input_format_csv_empty_as_default = 0', 'input_format_csv_trim_whitespaces = 0', 'input_format_json_read_numbers_as_strings = 1',
                    'input_format_json_read_objects_as_strings = 1', 'input_format_json_read_arrays_as_strings = 1',
                    'input_format_json_read_bools_as_strings = 1', 'input_format_json_max_depth = 100000'])
                try:
                    text = chdb.query("SELECT %s FROM file('%s', '%s', '%s') SETTINGS %s FORMAT JSONCompactEachRow" % (
                        ', '.join('`%s`' % n for n in names), path, form, ', '.join('`%s` Nullable(String)' % n for n in columns), settings)).bytes()
                    compare(o, 'chdb', [json.loads(line) for line in text.split(b'\n') if line])
                except Exception as e: problems.append('%s, chdb: %s' % (o['name'], str(e)[:600]))

        def put(document, path, value):
            for key in path[:-1]:
                if not isinstance(document.setdefault(key, {}), dict): document[key] = {}
                document = document[key]
            document[path[-1]] = value
        def tree(t): return json.loads(t, parse_int=Raw, parse_float=Raw)
        def bare(v):
            """Without nulls and what is then empty: what CSV cannot tell from missing keys."""
            if isinstance(v, dict):
                v = {k: bare(x) for k, x in v.items()}
                return {k: x for k, x in v.items() if x not in (None, {}, [])}
            return [bare(x) for x in v] if isinstance(v, list) else v

        def flat():
            plan = json.load(open(folder + '/lake/_tidemark/run/0000000001/plan.json'))
            for o in outputs:
                if not o['name'].startswith('flat'): continue
                columns = {c['name']: c for c in next(d for d in plan['datasets'] if d['name'] == o['name'])['tables'][0]['schema']['columns']}
                data = subprocess.run(['zstd', '-dcq'] + glob.glob('%s/lake/%s/*' % (folder, o['name'])), capture_output=True, check=True).stdout.decode()
                if o['format'] == 'csv':
                    lines = csv.reader(io.StringIO(data, newline=''), strict=True)
                    header = next(lines)
                    def cell(name, text):
                        if columns[name]['type'] in ('int64', 'number', 'double') or columns[name]['type'].startswith('decimal'): return Raw(text)
                        return text == 'true' if columns[name]['type'] == 'bool' else tree(text) if columns[name]['type'] == 'json' else text
                    rows = ({n: cell(n, t) for n, t in zip(header, line) if t != o['null']} for line in lines)
                else: rows = (tree(line) for line in data.split('\n')[:-1])
                count = 0
                for row in rows:
                    count += 1
                    document, touched = {}, False
                    for name, value in row.items():
                        if columns[name].get('path'): put(document, columns[name]['path'], value); touched = True
                    whole = None
                    for pointer, value in (row.get('_extra') or {}).items():
                        path = [p.replace('~1', '/').replace('~0', '~') for p in pointer.split('/')[1:]]
                        if path[0] != 'doc': continue
                        if path[1:]: put(document, path[1:], value); touched = True
                        else: whole = (value,)
                    want = by_id[str(row['id'])][names.index('doc')]
                    want = None if want is None else tree(want)
                    found = whole[0] if whole else document if touched else None
                    if o['format'] == 'csv': found, want = bare(found) or None, bare(want) or None
                    if found != want: problems.append('%s: row %s is %.300a, not %.300a' % (o['name'], row['id'], json.dumps(found), json.dumps(want)))
                if count != len(expected): problems.append('%s: %d rows, not %d' % (o['name'], count, len(expected)))

        outputs_of_table = [o for o in outputs if not o['name'].startswith('flat')]
        if mode not in ('flat', 'unpack'): outputs = outputs_of_table
        globals()[mode]()
        print(json.dumps(problems[:40] + (['and %d more' % (len(problems) - 40)] if len(problems) > 40 else [])))
        """#
}
