import DataParallel
import Tensors
import Testing

/// PyTorch's own vectors for `compute_bucket_assignment_by_size`.
@Suite("Bucket assignment")
struct BucketPlanTests {
  @Test("one limit, one dtype")
  func singleLimit() {
    let tensors = [100, 200, 100, 50].map { (count: $0, dtype: DType.float32) }
    #expect(BucketPlan(tensors, limits: [400]).buckets == [[0], [1], [2], [3]])
  }

  @Test("several limits, one dtype")
  func multipleLimits() {
    let tensors = [10, 10, 10, 10].map { (count: $0, dtype: DType.float32) }
    #expect(BucketPlan(tensors, limits: [40, 80]).buckets == [[0], [1, 2], [3]])
  }

  @Test("several dtypes have buckets of their own")
  func multipleDTypes() {
    let tensors: [(count: Int, dtype: DType)] = (0..<6).map {
      (50, $0 % 2 == 0 ? .float32 : .float64)
    }
    #expect(BucketPlan(tensors, limits: [400]).buckets == [[0, 2], [1], [3], [4], [5]])
  }

  @Test("several dtypes count their limits apart")
  func multipleDTypesMultipleLimits() {
    let tensors: [(count: Int, dtype: DType)] = (0..<6).map {
      (50, $0 % 2 == 0 ? .float32 : .float64)
    }
    #expect(BucketPlan(tensors, limits: [200, 400]).buckets == [[0], [1], [2, 4], [3], [5]])
  }

  @Test("an observed order is kept")
  func order() {
    let tensors = [10, 10, 10].map { (count: $0, dtype: DType.float32) }
    #expect(BucketPlan(tensors, limits: [80], order: [2, 0, 1]).buckets == [[2, 0], [1]])
  }
}
