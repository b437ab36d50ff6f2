// Device memory of tests: blocks with guarded surroundings, and mirrors of host memory.
#ifndef ROPEWALK_TESTS_SUPPORT_CUDA_MEMORY_CUH
#define ROPEWALK_TESTS_SUPPORT_CUDA_MEMORY_CUH

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace ropewalk_test {

inline void check(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

/// Device memory with everything that was written into it; frees itself.
class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t bytes) : bytes_(bytes) {
    check(cudaMalloc(&data_, bytes == 0 ? 1 : bytes));
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory() { cudaFree(data_); }

  template <class T>
  explicit DeviceMemory(const std::vector<T>& values) : DeviceMemory(values.size() * sizeof(T)) {
    check(cudaMemcpy(data_, values.data(), bytes_, cudaMemcpyHostToDevice));
    // From pageable memory the copy may return before all of it has arrived; streams that do not
    // wait for the default one would begin.
    check(cudaStreamSynchronize(nullptr));
  }

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  std::size_t bytes() const { return bytes_; }

  template <class T>
  std::vector<T> values() const {
    std::vector<T> result(bytes_ / sizeof(T));
    check(cudaMemcpy(static_cast<void*>(result.data()), data_, result.size() * sizeof(T),
                     cudaMemcpyDeviceToHost));
    return result;
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

/// Stretches of host memory and their copies on the device, each with marked bytes around it.
/// Stretches that meet become one, so that what overlaps on the host does on the device.
class Mirrors {
 public:
  void add(const void* data, std::size_t bytes) {
    if (bytes == 0) return;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    Stretch added{begin, begin + bytes, 0};
    const auto meets = [&](const Stretch& other) {
      if (other.end < added.begin || added.end < other.begin) return false;
      added = {std::min(added.begin, other.begin), std::max(added.end, other.end), 0};
      return true;
    };
    auto kept = std::remove_if(stretches_.begin(), stretches_.end(), meets);
    stretches_.erase(kept, stretches_.end());
    stretches_.push_back(added);
  }

  void upload() {
    std::size_t size = 0;
    for (Stretch& stretch : stretches_) {
      stretch.place = size + around + stretch.begin % around;
      size = (stretch.place + stretch.bytes() + around) / around * around + around;
    }
    image_.assign(size, mark);
    for (const Stretch& stretch : stretches_) {
      std::memcpy(image_.data() + stretch.place, reinterpret_cast<const void*>(stretch.begin),
                  stretch.bytes());
    }
    if (size > memory_bytes()) reserve(size);
    if (size > 0) check(cudaMemcpy(memory(), image_.data(), size, cudaMemcpyHostToDevice));
  }

  template <class T>
  T* on_device(T* host) const {
    const auto address = reinterpret_cast<std::uintptr_t>(host);
    for (const Stretch& stretch : stretches_) {
      if (address < stretch.begin || address >= stretch.end) continue;
      return reinterpret_cast<T*>(static_cast<char*>(memory()) + stretch.place +
                                  (address - stretch.begin));
    }
    return host;  // nothing of it is reached; null stays null
  }

  /// Copies [data, data + bytes) back; all else must be as it was.
  void download(void* data, std::size_t bytes) {
    if (image_.empty()) return;
    std::vector<unsigned char> now(image_.size());
    check(cudaMemcpy(now.data(), memory(), now.size(), cudaMemcpyDeviceToHost));
    if (bytes > 0) {
      const auto offset = static_cast<std::size_t>(static_cast<char*>(on_device(data)) -
                                                   static_cast<char*>(memory()));
      std::memcpy(data, now.data() + offset, bytes);
      std::memcpy(now.data() + offset, image_.data() + offset, bytes);
    }
    if (now != image_) throw std::logic_error("something beside out has been written");
  }

 private:
  static constexpr std::size_t around = 256;
  static constexpr unsigned char mark = 0xa5;

  struct Stretch {
    std::uintptr_t begin, end;
    std::size_t place;
    std::size_t bytes() const { return end - begin; }
  };

  // Kept from call to call: an allocation takes longer than all else.
  static void*& memory() {
    static void* data = nullptr;
    return data;
  }
  static std::size_t& memory_bytes() {
    static std::size_t bytes = 0;
    return bytes;
  }
  static void reserve(std::size_t bytes) {
    check(cudaFree(memory()));
    memory() = nullptr;
    check(cudaMalloc(&memory(), 2 * bytes));
    memory_bytes() = 2 * bytes;
  }

  std::vector<Stretch> stretches_;
  std::vector<unsigned char> image_;
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_CUDA_MEMORY_CUH
