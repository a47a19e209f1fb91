import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Connections")
struct ConnectionTests {
    @Test("a url over the socket, a url over TCP and a keyword string all connect")
    func conninfo() throws {
        let server = try PostgresServer.shared
        let name = try database.get().name
        for conninfo in [
            try database.get().url, try database.get().tcpURL,
            "host=127.0.0.1 port=\(server.port) user=postgres password='\(PostgresServer.password)' dbname=\(name)",
        ] {
            let connection = try Connection(conninfo, applicationName: "told by the test")
            let row = try connection.query(
                "SELECT current_database(), current_setting('application_name'), current_setting('client_encoding'), pg_backend_pid()"
            )
            #expect(row.rows == [[name, "told by the test", "UTF8", String(connection.serverProcess)]])
            #expect(connection.serverVersion >= 140_000)
            #expect(!connection.isLost)
        }
    }

    @Test("the connection string's own settings win over the program's defaults, but the encoding is always UTF-8")
    func settingsOfConninfo() throws {
        let url = try database.get().url + "&application_name=mine&client_encoding=LATIN1&options=-cwork_mem%3D5MB"
        let result = try Connection(url, applicationName: "default").query(
            "SELECT current_setting('application_name'), current_setting('client_encoding'), current_setting('work_mem')"
        )
        #expect(result.rows == [["mine", "UTF8", "5MB"]])
    }

    @Test("a target names user, host, port and database, never a password")
    func target() throws {
        let server = try PostgresServer.shared
        let name = try database.get().name
        #expect(
            try Connection(database.get().tcpURL, applicationName: "t").target
                == "postgres@127.0.0.1:\(server.port)/\(name)")
        #expect(try connect().target == "postgres@\(server.folder):\(server.port)/\(name)")
    }

    @Test(
        "a connection string is described without its password",
        arguments: [
            ("postgresql://ann:s3cret@db.example:5433/events", "ann@db.example:5433/events"),
            ("postgres://ann:s3cret@[::1]:5433/events?sslmode=require", "ann@[::1]:5433/events"),
            ("host=a,b port=1,2 user=ann password=s3cret dbname=e", "ann@a,b:1,2/e"),
            ("host=/tmp/x port=5433 user=ann dbname=e sslpassword=s3cret", "ann@/tmp/x:5433/e"),
            ("service=s3 password=s3cret", "service s3"),
            // Strings that libpq refuses, or would take apart so that a piece of the password becomes something else.
            ("host=h password=s3 cret", "the connection given"),
            ("postgresql://ann:s3c/ret@h/db", "the connection given"),
            ("postgresql://ann:s3c@ret@h/db", "the connection given"),
            ("postgresql://ann:123/s3cret@h/db", "the connection given"),
            ("postgresql://ann:s3c%ret@h/db", "the connection given"),
            ("postgresql+psycopg2://ann:s3cret@h/db", "the connection given"),
            ("mysql://ann:s3cret@h/db?x=y", "the connection given"),
            ("ann:s3cret@h", "the connection given"),
            ("dbname=postgresql://ann:s3cret@h/db", "the connection given"),
        ])
    func describe(conninfo: String, description: String) {
        #expect(Connection.describe(conninfo) == description)
    }

    @Test(
        "a connection string that cannot be read is an error that shows nothing of it",
        arguments: [
            "host=h password=s3cret ret user=ann", "postgresql://ann:s3cret/more@h/db",
            "postgresql://ann:x@s3cret@h/db",
            "postgresql://ann:s3cret%zz@h/db", "postgresql://ann:s3cret@[::1/db", "postgresql://ann:1/s3cret@h/db",
            "postgresql+psycopg2://ann:s3cret@h/db", "s3cret=x", "password='s3cret", "ann:s3cret@h/db",
            "password=s3\"cret x\"s3cret\"y",
        ])
    func unreadable(conninfo: String) {
        let error = errorOf { _ = try Connection(conninfo, applicationName: "t") }
        #expect(error?.reason.contains("cannot be read") == true)
        #expect(error?.hint != nil)
        #expect(error?.isRetryable == false)
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test("a wrong password is 28P01 with a hint, and the password is in no text")
    func wrongPassword() throws {
        let url = try database.get().tcpURL.replacingOccurrences(of: PostgresServer.password, with: "wr0ng-Password")
        let error = try #require(errorOf { _ = try Connection(url, applicationName: "t") })
        #expect(error.sqlState == "28P01")
        #expect(error.hint?.contains("PGPASSWORD") == true)
        #expect(error.reason.contains("password authentication failed"))
        #expect(!error.reason.contains("\n"))
        #expect(!error.isRetryable)
        #expect(!"\(error)".contains("wr0ng"))
        #expect("\(error)".hasPrefix("Could not connect to postgres@127.0.0.1:"))
    }

    @Test("a password file is read, and its password is in no text either")
    func passwordFile() throws {
        let server = try PostgresServer.shared
        let folder = try TemporaryFolder()
        func conninfo(_ password: String) throws -> String {
            try folder.write(Array("127.0.0.1:*:*:postgres:\(password)\n".utf8), to: "pgpass")
            chmod(folder.path("pgpass"), 0o600)
            return "host=127.0.0.1 port=\(server.port) user=postgres dbname=postgres passfile=\(folder.path("pgpass"))"
        }
        let connection = try Connection(conninfo(PostgresServer.password), applicationName: "t")
        let error = errorOf { try connection.execute("SELECT '\(PostgresServer.password)'::int") }
        #expect(error?.description.contains(PostgresServer.password) == false)
        let wrong = errorOf { _ = try Connection(conninfo("wr0ng-Password"), applicationName: "t") }
        #expect(wrong?.sqlState == "28P01")
        #expect(wrong?.description.contains("wr0ng") == false)
    }

    @Test("no password at all says how to give one")
    func noPassword() throws {
        let server = try PostgresServer.shared
        let error = errorOf {
            _ = try Connection(
                "host=127.0.0.1 port=\(server.port) user=postgres dbname=postgres passfile=/dev/null",
                applicationName: "t")
        }
        #expect(error?.hint?.contains("PGPASSWORD") == true)
        #expect(error?.isRetryable == false)
    }

    @Test("an unknown database is 3D000, an unknown user 28000")
    func unknownNames() throws {
        let server = try PostgresServer.shared
        let database = errorOf { _ = try Connection(server.database("no such").url, applicationName: "t") }
        #expect(database?.sqlState == "3D000")
        #expect(database?.hint != nil)
        let user = errorOf {
            _ = try Connection(
                "host=\(server.folder) port=\(server.port) user=nobody dbname=postgres", applicationName: "t")
        }
        #expect(user?.sqlState == "28000")
        #expect(user?.hint != nil)
    }

    @Test(
        "a refused connection and a missing socket ask whether the server runs",
        arguments: [
            "host=127.0.0.1 port=1 user=u dbname=d", "host=/tmp/no-such-folder port=1 user=u dbname=d",
        ])
    func refused(conninfo: String) {
        let error = errorOf { _ = try Connection(conninfo, applicationName: "t") }
        #expect(error?.hint?.contains("Is the server running") == true)
        #expect(error?.isRetryable == true)
        #expect(error?.sqlState == nil)
    }

    @Test("a server that does not answer is given up after connect_timeout")
    func timeout() throws {
        let silent = try FakeServer(.silent)
        let clock = ContinuousClock()
        let start = clock.now
        let error = errorOf { _ = try Connection(silent.url + "&connect_timeout=2", applicationName: "t") }
        #expect(error?.reason.contains("timeout expired") == true)
        #expect(error?.hint?.contains("connect_timeout") == true)
        #expect(clock.now - start < .seconds(8))
    }

    @Test("of several hosts the next is tried when one does not answer")
    func severalHosts() throws {
        let server = try PostgresServer.shared
        let silent = try FakeServer(.silent)
        let connection = try Connection(
            "host=\(silent.folder),\(server.folder) port=5432,\(server.port) user=postgres dbname=postgres",
            applicationName: "t", connectTimeout: 2)
        #expect(connection.target.contains(server.folder))
    }

    @Test(
        "errors carry the SQLSTATE and a hint",
        arguments: [
            ("SELEKT 1", "42601", false), ("SELECT * FROM no_such_table", "42P01", true),
            ("SELECT no_such_column", "42703", true),
            ("SELECT 1/0", "22012", false), ("SELECT 'x'::int", "22P02", false),
        ])
    func sqlErrors(sql: String, state: String, hasHint: Bool) throws {
        let connection = try connect()
        for error in [errorOf { try connection.execute(sql) }, errorOf { _ = try connection.query(sql) }] {
            #expect(error?.sqlState == state)
            #expect((error?.hint != nil) == hasHint)
            #expect(error?.isConnectionLost == false)
            #expect(error?.isRetryable == false)
            #expect(error?.target == connection.target)
        }
        #expect(errorOf { _ = try connection.copyOut("COPY (\(sql)) TO STDOUT (FORMAT binary)") } != nil)
        #expect(try connection.query("SELECT 1").count == 1)
    }

    @Test("a permission that is missing is named as the GRANT to give")
    func permissionDenied() throws {
        let connection = try connect()
        try connection.execute(
            """
            DROP TABLE IF EXISTS private_table; DROP SCHEMA IF EXISTS private_schema CASCADE; DROP ROLE IF EXISTS "the reader";
            CREATE ROLE "the reader"; CREATE TABLE private_table (a int);
            CREATE SCHEMA private_schema; CREATE TABLE private_schema.t (a int); SET ROLE "the reader";
            """)
        let table = errorOf { try connection.execute("SELECT * FROM private_table") }
        #expect(table?.sqlState == "42501")
        #expect(table?.hint?.contains("GRANT SELECT ON private_table TO ") == true)
        let schema = errorOf { try connection.execute("SELECT * FROM private_schema.t") }
        #expect(schema?.hint?.contains("GRANT USAGE ON SCHEMA private_schema TO ") == true)
    }

    @Test("a statement timeout is 57014, a lock timeout 55P03")
    func timeouts() throws {
        let connection = try connect()
        try connection.execute("SET statement_timeout = '50ms'")
        let statement = errorOf { try connection.execute("SELECT pg_sleep(10)") }
        #expect(statement?.sqlState == "57014")
        #expect(statement?.hint?.contains("statement_timeout") == true)
        try connection.execute(
            "SET statement_timeout = 0; CREATE TABLE IF NOT EXISTS lock_me (a int); SET lock_timeout = '50ms'")
        let holder = try connect()
        try holder.execute("BEGIN; LOCK TABLE lock_me IN ACCESS EXCLUSIVE MODE")
        let lock = errorOf { try connection.execute("SELECT * FROM lock_me") }
        #expect(lock?.sqlState == "55P03")
        #expect(lock?.hint != nil)
        #expect(lock?.isRetryable == true)
    }

    @Test("a conflict between serializable transactions can be retried")
    func serializationFailure() throws {
        let (first, second) = (try connect(), try connect())
        try first.execute(
            "CREATE TABLE IF NOT EXISTS conflict (a int); TRUNCATE conflict; INSERT INTO conflict VALUES (1)")
        try first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM conflict")
        try second.execute("UPDATE conflict SET a = 2")
        let error = errorOf { try first.execute("UPDATE conflict SET a = 3") }
        #expect(error?.sqlState == "40001")
        #expect(error?.isRetryable == true)
    }

    @Test("parameters are values, whatever is in them, and nil is NULL")
    func parameters() throws {
        let connection = try connect()
        let nasty = "'; DROP TABLE x; -- \\ \" é😀\n\t"
        let result = try connection.query(
            "SELECT $1::text AS a, $2::text AS b, $3::int + 1 AS c, $4::text AS d", [nasty, nil, "41", ""])
        #expect(result.columns == ["a", "b", "c", "d"])
        #expect(result.rows == [[nasty, nil, "42", ""]])
        #expect(result[0, "c"] == "42")
        #expect(result[0, "b"] == nil)
        #expect(try connection.query("SELECT 1 WHERE false").count == 0)
    }

    @Test("a NUL byte in a text is refused instead of cutting it")
    func nulByte() throws {
        let connection = try connect()
        #expect(errorOf { try connection.execute("SELECT 1; \0 DROP TABLE x") }?.reason.contains("NUL") == true)
        #expect(errorOf { _ = try connection.query("SELECT $1::text", ["a\0b"]) }?.reason.contains("NUL") == true)
        #expect(errorOf { _ = try Connection("host=\0", applicationName: "t") }?.reason.contains("NUL") == true)
    }

    @Test("several statements run in one call, and a COPY in it does not hang")
    func severalStatements() throws {
        let connection = try connect()
        try connection.execute("CREATE TEMPORARY TABLE s (a int); INSERT INTO s VALUES (1), (2);")
        try connection.execute("")
        #expect(try connection.query("SELECT sum(a) FROM s").rows == [["3"]])
        #expect(errorOf { try connection.execute("COPY s FROM STDIN") } != nil)
        #expect(errorOf { try connection.execute("COPY s TO STDOUT") } != nil)
        #expect(try connection.query("SELECT sum(a) FROM s").rows == [["3"]])
    }

    @Test("notices go to the closure and nowhere else")
    func notices() throws {
        let connection = try connect()
        try connection.execute("DO $$ BEGIN RAISE NOTICE 'dropped'; END $$")
        var notices: [String] = []
        connection.onNotice = { notices.append($0) }
        try connection.execute("DO $$ BEGIN RAISE WARNING 'on\ntwo lines'; END $$")
        #expect(notices.count == 1)
        #expect(notices.first?.contains("two lines") == true)
        #expect(notices.first?.contains("\n") == false)
    }

    @Test("a password that the server repeats is not shown")
    func redaction() throws {
        let connection = try Connection(database.get().tcpURL, applicationName: "t")
        let error = errorOf { try connection.execute("SELECT '\(PostgresServer.password)'::int") }
        #expect(error?.sqlState == "22P02")
        #expect(error?.description.contains(PostgresServer.password) == false)
        #expect(error?.description.contains("***") == true)
    }

    @Test("an error reads as a full sentence")
    func sentence() {
        let error = PostgresError(
            operation: "read rows from", target: "a@b:1/c", reason: "it broke", sqlState: "XX000", hint: "Mend it")
        #expect("\(error)" == "Could not read rows from a@b:1/c: it broke (SQLSTATE XX000). Mend it.")
    }
}
