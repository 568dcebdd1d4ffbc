// The parameters of a model as a file that other programs read.

#ifndef TRAINYARD_SERVER_RUN_EXPORT_MODEL_H_
#define TRAINYARD_SERVER_RUN_EXPORT_MODEL_H_

#include <string>
#include <string_view>

#include "trainyard/v1/model.pb.h"

namespace trainyard {

// `parameters`: all tensors of `model`, in order, in its precision, little endian.

// A NumPy archive: a ZIP file, stored without compression, of one .npy (version 1.0, C order) for each tensor.
std::string ToNpz(const v1::Model& model, std::string_view parameters);

// safetensors: the size of the header, the header as JSON, the tensors. `__metadata__` holds the model as JSON under `model`.
std::string ToSafetensors(const v1::Model& model, std::string_view parameters);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_EXPORT_MODEL_H_
