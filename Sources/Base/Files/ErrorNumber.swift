import Foundation

extension Error {
  /// The `errno` behind an error of Foundation's file functions; EIO where there is none.
  package var errorNumber: Int32 {
    // An error of Swift's own: as `NSError` it is not found on Linux.
    let cause = (self as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    return (cause as NSError?).map { Int32($0.code) } ?? EIO
  }
}
