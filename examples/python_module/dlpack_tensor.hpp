// SPDX-License-Identifier: Apache-2.0
// Views of Python arrays and tensors by DLPack, without copying. Supports versions before 1.0
// ("dltensor") and 1.x ("dltensor_versioned", which knows read-only arrays).
#pragma once

#include <coupleface/interop/dlpack.hpp>

#include <pybind11/pybind11.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace python_module {

namespace py = pybind11;

// DLPack's structs, as defined by the ABI.
struct tensor_contents {
  void* data;
  struct {
    std::int32_t device_type, device_id;
  } device;
  std::int32_t ndim;
  struct {
    std::uint8_t code, bits;
    std::uint16_t lanes;
  } dtype;
  std::int64_t *shape, *strides;
  std::uint64_t byte_offset;
};
struct unversioned_tensor {
  tensor_contents dl_tensor;
  void* manager_ctx;
  void (*deleter)(unversioned_tensor*);
};
struct versioned_tensor {
  struct {
    std::uint32_t major, minor;
  } version;
  void* manager_ctx;
  void (*deleter)(versioned_tensor*);
  std::uint64_t flags;
  tensor_contents dl_tensor;
};

template <class T>
constexpr char const* element_name() {
  using U = std::remove_const_t<T>;
  if constexpr (std::is_same_v<U, std::int64_t>) return "int64";
  else if constexpr (std::is_same_v<U, double>) return "float64";
  else if constexpr (std::is_same_v<U, float>) return "float32";
  else if constexpr (std::is_same_v<U, coupleface::float16>) return "float16";
  else return "bfloat16";
}

/// An exported argument. Construction and destruction need the GIL, uses in between do not. Errors
/// name function and argument.
class tensor {
 public:
  tensor(char const* function, char const* argument, py::handle x)
      : where_(std::string("coupleface::") + function + ": " + argument) {
    if (!py::hasattr(x, "__dlpack__") || !py::hasattr(x, "__dlpack_device__")) {
      throw py::type_error(where_ + " is of type " + Py_TYPE(x.ptr())->tp_name +
                           "; expected an array or a tensor with __dlpack__");
    }
    if (py::hasattr(x, "is_neg") && py::cast<bool>(x.attr("is_neg")())) {
      // PyTorch exports the elements before negation, without an error.
      throw py::value_error(where_ + " is a negated view; use resolve_neg()");
    }
    try {
      take(x);
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_BufferError) && !error.matches(PyExc_RuntimeError) &&
          !error.matches(PyExc_ValueError)) {
        throw;
      }
      auto const why = py::cast<std::string>(py::str(error.value()));
      py::raise_from(error, PyExc_ValueError,
                     (where_ + " cannot be exported by DLPack: " + why).c_str());
      throw py::error_already_set();
    }
  }

  std::string element() const {
    auto const& type = contents().dtype;
    char const* const kinds[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
    return (type.code < 7 ? kinds[type.code] : "type" + std::to_string(type.code) + "_") +
           std::to_string(type.bits) + (type.lanes == 1 ? "" : "x" + std::to_string(type.lanes));
  }
  template <class T>
  bool holds() const {
    return element() == element_name<T>();
  }
  [[noreturn]] void refuse_element(std::string const& needed) const {
    throw py::type_error(where_ + " has elements of type " + element() + "; expected " + needed);
  }

  template <class T>
  coupleface::matrix_view<T> matrix() const {
    return view<T>([](auto const& t) { return coupleface::matrix_view_of<T>(t); });
  }
  template <class T>
  coupleface::vector_view<T> vector() const {
    return view<T>([](auto const& t) { return coupleface::vector_view_of<T>(t); });
  }

 private:
  void take(py::handle x) {
    py::tuple const device = x.attr("__dlpack_device__")();
    int const type = py::cast<int>(device[0]), pinned = 3;
    if (type != 1 && type != pinned) {
      throw py::value_error(where_ + " is on the device of type " + std::to_string(type) + ", id " +
                            std::to_string(py::cast<int>(device[1])) +
                            "; expected host memory (type 1); for tensors use .cpu()");
    }
    py::object capsule;
    try {
      capsule = x.attr("__dlpack__")(py::arg("max_version") = py::make_tuple(1, 0));
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_TypeError)) { throw; }
      capsule = x.attr("__dlpack__")();  // versions before 1.0 have no max_version
    }
    if (!take(capsule, versioned_, "dltensor_versioned", "used_dltensor_versioned") &&
        !take(capsule, unversioned_, "dltensor", "used_dltensor")) {
      throw py::type_error(where_ + ": __dlpack__ returned no unused capsule of DLPack");
    }
    if (versioned_ && versioned_->version.major != 1) {
      throw py::value_error(where_ + " has a DLPack version other than 1");
    }
  }
  template <class Managed>
  static bool take(py::object const& capsule, coupleface::dlpack_owner<Managed>& owner,
                   char const* name, char const* used) {
    if (!PyCapsule_IsValid(capsule.ptr(), name)) { return false; }
    owner.reset(static_cast<Managed*>(PyCapsule_GetPointer(capsule.ptr(), name)));
    return PyCapsule_SetName(capsule.ptr(), used) == 0;  // the capsule no longer owns it
  }

  tensor_contents const& contents() const {
    return versioned_ ? versioned_->dl_tensor : unversioned_->dl_tensor;
  }
  template <class T, class View>
  auto view(View of) const {
    if (!holds<T>()) { refuse_element(element_name<T>()); }
    try {
      return versioned_ ? of(*versioned_) : of(*unversioned_);
    } catch (std::invalid_argument const& error) {
      bool const copying_helps = std::strstr(error.what(), "stride") != nullptr;
      throw py::value_error(
          where_ + ": " + error.what() +
          (copying_helps ? "; numpy.ascontiguousarray() and .contiguous() make a copy" : ""));
    }
  }

  std::string where_;
  coupleface::dlpack_owner<unversioned_tensor> unversioned_;
  coupleface::dlpack_owner<versioned_tensor> versioned_;
};

}  // namespace python_module
