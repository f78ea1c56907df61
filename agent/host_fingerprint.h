#pragma once

// Identifies the host and the data path. The database keeps it beside the node id. When it differs,
// a new node id is chosen (rule 2): a copied disk or a moved directory is another node.

#include <string>

#include "crdt/base/bytes.h"

namespace agent {

// The hash of machine id, board serial number, first hardware address and `data_path`. A value that
// cannot be read counts as absent.
base::Bytes host_fingerprint(const std::string& data_path);

}  // namespace agent
