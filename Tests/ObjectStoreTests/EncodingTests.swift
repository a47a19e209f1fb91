import Testing

@testable import ObjectStore

@Suite struct EncodingTests {
    @Test("Percent encoding leaves RFC 3986's unreserved characters alone and no others, with upper-case digits")
    func encode() {
        #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentEncoding.encode(" /+=%&é😀\"") == "%20%2F%2B%3D%25%26%C3%A9%F0%9F%98%80%22")
        #expect(PercentEncoding.encodePath("a b/c+d=1") == "a%20b/c%2Bd%3D1")
    }

    @Test("A listing's encoded keys come back as they were, whether a space is %20 or +")
    func decode() {
        for key in ["a b/c+d=1%20&é", "100%", "%zz", "+", "😀"] {
            #expect(PercentEncoding.decodeForm(PercentEncoding.encode(key)) == key)
        }
        #expect(PercentEncoding.decodeForm("a+b%2Bc%2f") == "a b+c/")
        #expect(PercentEncoding.decodeForm("%e") == "%e")
    }

    @Test(
        "Times are written and read as HTTP and S3 do",
        arguments: [
            (0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_369_353_600, "20130524T000000Z", "Fri, 24 May 2013 00:00:00 GMT"),
            (1_709_251_199, "20240229T235959Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            (951_782_400, "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_399, "21000228T235959Z", "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "21000301T000000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
        ])
    func times(seconds: Int, compact: String, http: String) {
        #expect(HTTPTime.compact(seconds) == compact)
        #expect(HTTPTime.parse(http) == seconds)
    }

    @Test("A listing's times are read with their fraction, and nonsense is not taken for a time")
    func listingTimes() {
        #expect(HTTPTime.parseISO("2009-10-12T17:50:30.250Z") == 1_255_369_830.25)
        #expect(HTTPTime.parseISO("2009-10-12T17:50:30Z") == 1_255_369_830)
        #expect(HTTPTime.parseISO("2009-13-12T17:50:30Z") == nil)
        #expect(HTTPTime.parseISO("yesterday") == nil)
        #expect(HTTPTime.parse("Fri, 24 Mai 2013 00:00:00 GMT") == nil)
    }
}

@Suite struct XMLElementTests {
    func parse(_ text: String) -> XMLElement? { XMLElement(document: Array(text.utf8)) }

    @Test("Entities, character references, CDATA, attributes, comments and prefixes are understood")
    func document() throws {
        let root = try #require(
            parse(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <!-- a > comment --><s3:Result xmlns:s3="http://x/" note='a > b'>
                  <Key>a&amp;b&lt;c&gt;&quot;&apos;&#233;&#x1F600;</Key><Empty/><Other a="1" />
                  <Contents><Key><![CDATA[<raw>&amp;]]></Key></Contents><Contents><Key>2</Key></Contents>
                </s3:Result>
                """))
        #expect(root.name == "Result")
        #expect(root["Key"] == "a&b<c>\"'é😀")
        #expect(root["Empty"] == "")
        #expect(root["Other"] == "")
        #expect(root["Absent"] == nil)
        #expect(root.all("Contents").map { $0["Key"] } == ["<raw>&amp;", "2"])
    }

    @Test("White space before the document, which keeps a connection alive, does not matter")
    func leadingSpace() {
        #expect(
            parse("  \n \n<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>")?["Code"]
                == "InternalError")
    }

    @Test(
        "What is cut off or no XML is no document",
        arguments: [
            "", "  ", "oops", "<", "<a", "<a>", "<a>&am", "<a>x</b>", "<a><b></a>", "<a>&nope;</a>", "<a>&#xD800;</a>",
            "<a><![CDATA[x</a>", "<!-- <a/>",
        ])
    func broken(text: String) {
        #expect(parse(text) == nil)
    }

    @Test("Elements nested without end are refused and not followed until the stack is full")
    func depth() {
        #expect(parse(String(repeating: "<a>", count: 100_000)) == nil)
    }
}
