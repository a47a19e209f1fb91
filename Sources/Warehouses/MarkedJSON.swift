import Lake

/// JSON whose numbers are strings, so that readers which would round them cannot.
///
/// A mark, `#`, tells the two apart: a string ends in one, `"text#"`, and a number begins with one, `"#1.50"`; keys are
/// strings, too. One regular expression over a line finds all strings and all numbers outside of them, and puts the mark
/// between what it found as a string and what it found as a number, one of which is empty. It takes no longer the deeper a
/// document is, and nothing in a text can be taken for anything else: a string's closing quote has the mark before it,
/// and a number's has a digit.
enum MarkedJSON {
    static let mark = "#"
    /// Finds a string, its content the first group, or a number, the second; for RE2.
    static let pattern = #""((?:[^"\\]|\\.)*)"|(-?[0-9][-+0-9.eE]*)"#
    /// What is put in place of either.
    static let replacement = #""\1#\2""#
    /// Finds what was a number, its digits the first group; what remains of the marks is `#"`, which is `"` again.
    static let number = ##""#([-+0-9.eE]+)""##

    /// What a column's marked value is, and so what makes its text of it.
    enum Cell {
        /// Digits, a moment and the like, which hold no mark of their own: all marks go.
        case plain
        /// A string: the mark at its end goes.
        case string
        /// A string, or in files of earlier versions a number, true, false or a document.
        case any
        /// Any JSON, of which the text is wanted.
        case document

        init(_ column: PlannedColumn) {
            switch column.type {
            case .json: self = .document
            case .string: self = column.former.isEmpty ? .string : .any
            default: self = .plain
            }
        }
    }
}
