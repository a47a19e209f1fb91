import Testing

@testable import ObjectStore

@Suite struct ObjectKeyTests {
    @Test(
        "A key that could lead out of the store, or that no listing could show, is refused",
        arguments: [
            "", "/", "a//b", "/a", "a/", ".", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a\u{0}b", "a\nb",
            "a\u{7F}",
        ])
    func bad(key: String) {
        #expect(ObjectKey.flaw(in: key) != nil)
    }

    @Test(
        "A key may hold all else that names may hold",
        arguments: ["a", "a/b.c", "...", "..a", "a b+c=d%20&é日/😀", "event_date=2026-01-01/1-2-3.csv.zst"])
    func good(key: String) {
        #expect(ObjectKey.flaw(in: key) == nil)
    }
}
