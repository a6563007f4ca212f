#pragma once

namespace standin {

/// The value of a CUdevice_attribute as an H200 has it; null where it is not known.
const int* attribute_of(int attribute);

}
