import Lake
import Records

/// The output partition of each row: found from the fields of the COPY, told apart by number.
///
/// Rows mostly come in runs of the same partition, so the key of the row before is tried first.
struct Partitioner {
    private let parts: [PartitionPlan]
    private var key: [UInt8] = []
    private var lastKey: [UInt8] = []
    private var last: Int32 = -1
    private var numbers: [[UInt8]: Int32] = [:]
    /// The path folders of each partition, by number.
    private(set) var paths: [[String]] = []

    /// Makes one that has seen no rows.
    init(parts: [PartitionPlan]) { self.parts = parts }

    /// Begins a row's key.
    mutating func beginRow() { key.removeAll(keepingCapacity: true) }

    /// Adds a part that is cut from a moment.
    ///
    /// - Parameters:
    ///   - moment: microseconds since 2000-01-01 UTC; nil for NULL and for what no calendar folder can name.
    ///   - unit: how it is cut.
    mutating func add(moment: Int64?, by unit: PartitionPlan.Unit) {
        guard let moment, TimeText.isRepresentable(timestamp: moment) else { return key.append(0) }
        let hour = Self.floorDivide(moment, 3_600_000_000)
        // Months and years are cut when the folder is named: days that share one come to the same folder there.
        let number = unit == .hour ? hour : Self.floorDivide(hour, 24)
        key.append(1)
        withUnsafeBytes(of: number) { key.append(contentsOf: $0) }
    }

    /// Adds a part that is a value itself.
    ///
    /// - Parameter text: the value's UTF-8 text; nil for NULL.
    mutating func add(text: RawSpan?) {
        guard let text else { return key.append(0) }
        key.append(1)
        withUnsafeBytes(of: Int64(text.byteCount)) { key.append(contentsOf: $0) }
        text.withUnsafeBytes { key.append(contentsOf: $0) }
    }

    /// Ends the row's key.
    ///
    /// - Returns: the partition's number: an index of ``paths``.
    mutating func endRow() -> Int32 {
        if last >= 0, key == lastKey { return last }
        lastKey = key
        if let number = numbers[key] {
            last = number
        } else {
            last = number(of: folders())
            numbers[key] = last
        }
        return last
    }

    /// Two keys can name the same folders, such as two days of one month.
    private mutating func number(of folders: [String]) -> Int32 {
        if let index = paths.firstIndex(of: folders) { return Int32(index) }
        paths.append(folders)
        return Int32(paths.count - 1)
    }

    /// The folders that the present key stands for.
    private func folders() -> [String] {
        var rest = key[...]
        return parts.map { part in
            let name = PathText.escape(part.name)
            guard rest.removeFirst() == 1 else { return "\(name)=\(PathText.null)" }
            let number = rest.prefix(8).withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
            rest = rest.dropFirst(8)
            guard part.by == .value else { return "\(name)=\(PathText.moment(number, by: part.by))" }
            let text = String(decoding: rest.prefix(Int(number)), as: UTF8.self)
            rest = rest.dropFirst(Int(number))
            return "\(name)=\(PathText.escape(text))"
        }
    }

    static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : (value + 1) / by - 1
    }
}

/// How partition values stand in a path, as Hive writes them.
enum PathText {
    /// What stands for NULL, and for an empty text, which no path can hold.
    static let null = "__HIVE_DEFAULT_PARTITION__"
    /// Longer values would not fit a file name; they are cut and told apart by a checksum.
    private static let longest = 200

    /// A value that is safe as one folder's name: all but letters, digits, `-`, `_` and `.` is percent-encoded.
    static func escape(_ text: String) -> String {
        guard !text.isEmpty else { return null }
        let digits = Array("0123456789ABCDEF".utf8)
        var safe: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                safe.append(byte)
            case UInt8(ascii: ".") where text != "." && text != "..":
                safe.append(byte)
            default:
                safe += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        guard safe.count > longest else { return String(decoding: safe, as: UTF8.self) }
        let sum = Checksum.sha256(Array(text.utf8)).prefix(16)
        return String(decoding: safe.prefix(longest), as: UTF8.self) + "~" + sum
    }

    /// A moment's folder value: `2026-11-01`, `2026-11-01-13`, `2026-11`, `2026`.
    ///
    /// - Parameters:
    ///   - number: hours since 2000-01-01 UTC for `hour`, else days.
    ///   - unit: how it is cut.
    static func moment(_ number: Int64, by unit: PartitionPlan.Unit) -> String {
        let day = unit == .hour ? Partitioner.floorDivide(number, 24) : number
        let date = CivilDate(daysSince2000: day)
        let year = Layout.padded(date.year, 4)
        let month = Layout.padded(date.month, 2)
        let dayText = Layout.padded(date.day, 2)
        switch unit {
        case .year: return year
        case .month: return "\(year)-\(month)"
        case .day, .value: return "\(year)-\(month)-\(dayText)"
        case .hour: return "\(year)-\(month)-\(dayText)-\(Layout.padded(Int(number - day * 24), 2))"
        }
    }
}
