#pragma once

// Which host and data path this is. The node id is kept beside it in the database and drawn anew
// where it differs (rule 2): a copied disk or a moved directory is another node.

#include <string>

#include "crdt/base/bytes.h"

namespace agent {

// The hash of machine id, board serial number, first hardware address and `data_path`. What cannot
// be read counts as absent.
base::Bytes host_fingerprint(const std::string& data_path);

}  // namespace agent
