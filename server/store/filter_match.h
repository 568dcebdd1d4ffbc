// A filter applied to one job in memory, as ListJobs applies it to rows.

#ifndef TRAINYARD_SERVER_STORE_FILTER_MATCH_H_
#define TRAINYARD_SERVER_STORE_FILTER_MATCH_H_

#include "server/store/filter.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

bool Matches(const Filter& filter, const v1::Job& job);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_FILTER_MATCH_H_
