// coupleface: everything but the adapters (io/, interop/), which are included one by one.
#pragma once

#include <coupleface/bank_update.hpp>
#include <coupleface/check.hpp>
#include <coupleface/config.hpp>
#include <coupleface/element.hpp>
#include <coupleface/error.hpp>
#include <coupleface/evaluation/verification.hpp>
#include <coupleface/feature_bank.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/penalty.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/mining/keep.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/mining/sample_classes.hpp>
#include <coupleface/normalize.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/prototypes.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/top_k.hpp>
#include <coupleface/version.hpp>
#include <coupleface/view.hpp>
