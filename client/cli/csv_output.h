// Lists as CSV (RFC 4180) for other programs: a header, numbers that read back exactly, text as it is.

#ifndef TRAINYARD_CLIENT_CLI_CSV_OUTPUT_H_
#define TRAINYARD_CLIENT_CLI_CSV_OUTPUT_H_

#include <ostream>

#include "google/protobuf/repeated_field.h"
#include "trainyard/v1/job.pb.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard::cli {

// Has a column for each measure of any of the jobs' newest evaluations, as `validation.loss`.
void PrintJobsCsv(const google::protobuf::RepeatedPtrField<v1::Job>& jobs, std::ostream& out);

// `row,value`, or `row,class` and a column for each class: `probability.setosa`, or where there are none `score.setosa`.
void PrintPredictionsCsv(const v1::PredictResponse& response, std::ostream& out);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_CSV_OUTPUT_H_
